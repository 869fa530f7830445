"""A day of a copier to be reckoned by hand: the price of ES rises a tick every 10 s."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
from helpers.orders import SECOND_NS, START_NS

from streams.files import write_dataset
from streams.tables import TABLES

FIRST_TICKS = 24_000
N_PRICES = 360
LEADER = "leader"


def instrument(name: str, family: str, multiplier: float | None) -> dict[str, Any]:
    return {
        "instrument_id": name,
        "family": family,
        "multiplier": multiplier,
        "tick_size": 0.25,
        "lot_size": 1.0,
        "exchange_fee": 1.0,
    }


INSTRUMENTS = [
    instrument("ES", "ES", 50.0),
    instrument("MES", "ES", 5.0),
    instrument("NQ", "NQ", 20.0),
]
ACCOUNTS = [
    {"account_id": "leader", "owner_id": "me", "equity": 100_000.0},
    {"account_id": "half", "owner_id": "me", "equity": 50_000.0},
    {"account_id": "micro", "owner_id": "me", "equity": 100_000.0},
    {"account_id": "foreign", "owner_id": "somebody", "equity": 100_000.0},
]
DECLARATIONS = [
    {"declaration_id": "report-1", "leader_account_id": LEADER, "account_id": name}
    for name in ("half", "micro", "foreign")
]


def market_order(
    number: int, seconds: float, side: str, lots: int, **fields: Any
) -> dict[str, Any]:
    """A row of the leader's."""
    return {
        "event_time_ns": START_NS + int(seconds * SECOND_NS),
        "account_id": LEADER,
        "instrument_id": "ES",
        "side": side,
        "quantity": float(lots),
        "event_id": f"led-{number}",
        "order_id": f"o-{number}",
        "event_type": "new",
        **fields,
    }


LED = [
    market_order(1, 605, "buy", 3),
    market_order(2, 1205, "sell", 3),
    market_order(3, 1805, "sell", 1),
    market_order(4, 2405, "buy", 1),
]


def prices() -> list[dict[str, Any]]:
    """Fills of somebody else: what the market traded at."""
    return [
        {
            "event_time_ns": START_NS + number * 10 * SECOND_NS,
            "account_id": "somebody",
            "instrument_id": "ES",
            "side": "buy",
            "quantity": 1.0,
            "event_id": f"price-{number}",
            "event_type": "fill",
            "last_quantity": 1.0,
            "last_price": (FIRST_TICKS + number) * 0.25,
        }
        for number in range(N_PRICES)
    ]


def write(directory: Path, **tables: list[dict[str, Any]]) -> Path:
    """Write the dataset; a table given replaces the usual one."""
    rows = {
        "orders": [*prices(), *LED],
        "accounts": ACCOUNTS,
        "declarations": DECLARATIONS,
        "instruments": INSTRUMENTS,
        **tables,
    }
    write_dataset(
        directory,
        {n: pa.Table.from_pylist(list(r), schema=TABLES[n].schema) for n, r in rows.items()},
    )
    return directory


PLAN = """
plan_id = "plan"
leader_account_id = "leader"
{more}
[[followers]]
account_id = "half"
owner_id = "me"
declaration_id = "report-1"
size = {{ value = "0.5" }}
{half}
[[followers]]
account_id = "micro"
owner_id = "me"
declaration_id = "report-1"
translations = [{{ leader_instrument_id = "ES", instrument_id = "MES", lots = 10 }}]
"""


def write_plan(path: Path, text: str = PLAN, *, more: str = "", half: str = "") -> Path:
    """Write a plan file; without a limit on the leader's exposure unless `more` says one."""
    content = tomllib.loads(text.format(more=more, half=half))
    path.write_text(json.dumps({"lead_exposure_percent": "none", **content}))
    return path
