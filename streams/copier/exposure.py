"""The leader's exposure: what its open contracts cost, against its balance.

A contract costs its margin; where none is known its full value, at the last price or, before there
is one, at the price that the order itself names. Nothing passes that cannot be measured: the notice
says what is missing.
"""

import math
from collections.abc import Mapping
from fractions import Fraction

from streams.copier.actions import NoticeCode
from streams.copier.group import CopyGroup
from streams.copier.guards import Breach
from streams.copier.instruments import Instrument
from streams.copier.money import contract_cost_cents
from streams.orderevents import OrderEvent, OrderType

_REMEDY = "state it under margins in the plan"


def exposure_breach(
    group: CopyGroup, event: OrderEvent, held_then: int, time_ns: int
) -> Breach | None:
    """Return the breach where the leader's open contracts cost too much of its balance.

    Parameters
    ----------
    group : CopyGroup
        Whose.
    event : OrderEvent
        The leader's order or fill.
    held_then : int
        Lots of its instrument that the leader holds after it, long or short.
    time_ns : int
        Now: an old balance says nothing.
    """
    percent = group.plan.lead_exposure_percent
    if percent is None:
        return None
    if not group.leader_purse.is_fresh(time_ns):
        age_s = group.plan.drift.balance_age_s
        return _unknown(f"the leader's balance was not reported for {age_s} s: entry not copied")
    lots = group.leader_purse.ledger.open_lots()
    lots[event.instrument_id] = held_then
    instruments = {name: group.instruments.get(name) or Instrument(name) for name in lots}
    costs = _contract_costs(group, event, instruments)
    missing = sorted(name for name, cost in costs.items() if cost is None)
    if missing:
        text = f"the margin of {', '.join(missing)} is not known, nor a price to value it at"
        return _unknown(f"{text}: entry not copied; {_REMEDY}")
    cost = round(sum((lots[name] * (each or 0) for name, each in costs.items()), Fraction()))
    limit = group.leader_purse.balance_cents * percent // 100
    if cost <= limit:
        return None
    text = f"the leader's open contracts would cost more than {percent}% of its balance"
    valued = sorted(name for name, one in instruments.items() if one.margin_cents is None)
    if valued:
        text += f", {', '.join(valued)} at full value as the margin is not known: {_REMEDY}"
    return Breach(NoticeCode.LEAD_EXPOSURE, text, {"cents": cost, "limit_cents": limit})


def _contract_costs(
    group: CopyGroup, event: OrderEvent, instruments: Mapping[str, Instrument]
) -> dict[str, Fraction | None]:
    """Return what one contract of each instrument costs, None where nobody knows."""
    marks = dict(group.marks)
    price = _own_price(event)
    if price is not None:
        marks.setdefault(event.instrument_id, instruments[event.instrument_id].ticks(price))
    return {name: contract_cost_cents(one, marks.get(name)) for name, one in instruments.items()}


def _own_price(event: OrderEvent) -> float | None:
    price = event.stop_price if event.order_type == OrderType.STOP else event.limit_price
    return price if price and math.isfinite(price) else None


def _unknown(text: str) -> Breach:
    return Breach(NoticeCode.LEAD_EXPOSURE_UNKNOWN, text, {})
