"""A copier's orders put into a simulated market, as the venue would have recorded them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from streams.copier import Plan
from streams.orderevents import EventType, OrderEvent
from streams.tables import TABLES
from surveillance.jobs.copying.records import order_row

STAMPS = ("copy_group_id", "parent_order_id")
"""What a copier writes on its orders; the detector must not need it."""

_LOGIN_NS = 300 * 1_000_000_000
_SOFTWARE = "reference copier"


def mix(
    market: Mapping[str, pa.Table],
    plan: Plan,
    events: Sequence[OrderEvent],
    owners: Mapping[str, str],
    *,
    is_declared: bool,
) -> dict[str, pa.Table]:
    """Return a market's tables with a copier's accounts and orders in them.

    Every owner has one machine at one address, from which all its accounts are traded.

    Parameters
    ----------
    market : mapping of str to pa.Table
        The tables of the simulated market.
    plan : Plan
        Who follows whom.
    events : sequence of OrderEvent
        What the venue said of the plan's accounts; acknowledgments are no event of the contract.
    owners : mapping of str to str
        Whose each account of the plan is.
    is_declared : bool
        Whether the plan's declarations were filed.
    """
    firm_id = market["accounts"]["firm_id"][0].as_py()
    kept = [event for event in events if event.event_type != EventType.ACK]
    orders = _add(market, "orders", [_order_row(event, firm_id) for event in kept])
    return {
        **market,
        "orders": _in_sequence(orders),
        "accounts": _add(market, "accounts", _account_rows(owners, firm_id)),
        "sessions": _add(market, "sessions", _session_rows(owners, kept)),
        "declarations": _add(
            market, "declarations", _declaration_rows(plan) if is_declared else []
        ),
    }


def without_stamps(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables without what a copier writes on its orders."""
    orders = tables["orders"]
    return {
        **tables,
        "orders": orders.drop_columns([n for n in STAMPS if n in orders.schema.names]),
    }


def _add(market: Mapping[str, pa.Table], name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    more = pa.Table.from_pylist(list(rows), schema=TABLES[name].schema)
    return pa.concat_tables([market[name], more], promote_options="default")


def _in_sequence(orders: pa.Table) -> pa.Table:
    """Sort by time and number anew; among equals the market's own come first."""
    rows = np.argsort(orders["event_time_ns"].to_numpy(), kind="stable")
    place = orders.schema.get_field_index("sequence")
    numbers = pa.array(np.arange(1, orders.num_rows + 1))
    return orders.take(pa.array(rows)).set_column(place, orders.schema.field("sequence"), numbers)


def _order_row(event: OrderEvent, firm_id: str) -> dict[str, Any]:
    return {
        **order_row(event, {}),
        "event_id": f"copy-{event.event_id}",
        "order_id": event.order_id and f"copy-{event.order_id}",
        "firm_id": firm_id,
        "session_id": _session_id(event.account_id),
        "automated": bool(event.automated),
    }


def _account_rows(owners: Mapping[str, str], firm_id: str) -> list[dict[str, Any]]:
    return [
        {"account_id": name, "firm_id": firm_id, "owner_id": owner, "account_kind": "live"}
        for name, owner in owners.items()
    ]


def _session_rows(owners: Mapping[str, str], events: Sequence[OrderEvent]) -> list[dict[str, Any]]:
    times: dict[str, list[int]] = {}
    for event in events:
        times.setdefault(event.account_id, []).append(event.event_time_ns)
    return [
        {
            "session_id": _session_id(name),
            "account_id": name,
            "start_time_ns": min(when) - _LOGIN_NS,
            "end_time_ns": max(when) + _LOGIN_NS,
            "ip": f"address-of-{owners[name]}",
            "ip_kind": "residential",
            "country": "US",
            "device_id": f"machine-of-{owners[name]}",
            "platform": "desktop",
        }
        for name, when in times.items()
    ]


def _declaration_rows(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "declaration_id": own.declaration_id,
            "leader_account_id": plan.leader_account_id,
            "account_id": own.account_id,
            "ratio": float(own.size.value),
            "software": _SOFTWARE,
        }
        for own in plan.followers
    ]


def _session_id(account_id: str) -> str:
    return f"session-of-{account_id}"
