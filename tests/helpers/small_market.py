"""A small market written apart from the simulator: sessions, bursts, and hand-made groups.

The detector was not made with it in mind; its numbers are round and its traders plain.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from helpers.orders import DAY_NS, SECOND_NS, START_NS

from models.params import DetectionParams
from streams.files import Dataset, write_dataset
from streams.tables import ACCOUNT_SCHEMA, DECLARATION_SCHEMA, ORDER_SCHEMA, SESSION_SCHEMA
from surveillance.findings import Group
from surveillance.pipeline.runner import scan

INSTRUMENTS = ("ES", "NQ", "CL", "GC", "ZN", "6E")
_SCHEMAS = {
    "accounts": ACCOUNT_SCHEMA,
    "sessions": SESSION_SCHEMA,
    "declarations": DECLARATION_SCHEMA,
}

Event = tuple[int, str, int, float]
"""Time in nanoseconds, instrument, side (0 buy, 1 sell), quantity."""


@dataclass
class SmallMarket:
    """Honest accounts over some days; groups are added by hand."""

    seed: int
    n_honest: int = 600
    n_days: int = 3
    rows: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        for number in range(self.n_honest):
            chosen = self.rng.choice(len(INSTRUMENTS), 2, replace=False)
            rate = float(self.rng.lognormal(np.log(12), 0.7))
            self.trade_alone(f"H{number:04d}", rate, [INSTRUMENTS[i] for i in chosen])

    def times(self, rate: float) -> list[int]:
        """Return decision times: a few sessions a day."""
        found = []
        for day in range(self.n_days):
            n = self.rng.poisson(rate)
            starts = self.rng.uniform(8, 19, self.rng.integers(1, 4))
            hours = starts[self.rng.integers(0, starts.size, n)] + self.rng.exponential(0.8, n)
            found += [START_NS + day * DAY_NS + int(min(h, 23.5) * 3600 * SECOND_NS) for h in hours]
        return sorted(found)

    def size(self) -> float:
        """Return a usual quantity."""
        return float(self.rng.choice([1, 1, 1, 2, 2, 3, 5, 10]))

    def send(self, account: str, event: Event, **more: Any) -> None:
        """Send one order."""
        time_ns, instrument, side, quantity = event
        self.rows.append(
            {
                "event_time_ns": int(time_ns),
                "account_id": account,
                "instrument_id": instrument,
                "side": "sell" if side else "buy",
                "quantity": quantity,
                **more,
            }
        )

    def round_trips(self, rate: float, instruments: list[str], hold_s: float) -> list[Event]:
        """Return entries and exits, unsent."""
        events: list[Event] = []
        for time_ns in self.times(rate / 2):
            side, quantity = int(self.rng.integers(0, 2)), self.size()
            instrument = instruments[int(self.rng.integers(0, len(instruments)))]
            hold = int(self.rng.lognormal(np.log(hold_s), 0.8) * SECOND_NS)
            events.append((time_ns, instrument, side, quantity))
            events.append((time_ns + hold, instrument, 1 - side, quantity))
        return sorted(events)

    def trade_alone(self, account: str, rate: float, instruments: list[str]) -> None:
        """Let an account trade on its own."""
        for event in self.round_trips(rate, instruments, hold_s=600):
            self.send(account, event)

    def lead(self, account: str, rate: float, instrument: str, hold_s: float = 600) -> list[Event]:
        """Let a leader trade; return what it did."""
        events = self.round_trips(rate, [instrument], hold_s)
        for event in events:
            self.send(account, event)
        return events

    def follow(
        self,
        account: str,
        events: list[Event],
        lag_s: Callable[[], float],
        share: float = 0.95,
        from_day: int = 0,
    ) -> None:
        """Let an account repeat a share of the events, each after a lag drawn anew."""
        for time_ns, instrument, side, quantity in events:
            if self.rng.random() < share and time_ns >= START_NS + from_day * DAY_NS:
                lag_ns = int(lag_s() * SECOND_NS)
                self.send(account, (time_ns + lag_ns, instrument, side, quantity))

    def around(self, median_s: float, spread: float = 0.25) -> Callable[[], float]:
        """Return a lag drawn around a median of the follower's own."""
        own = median_s * float(self.rng.lognormal(0, 0.5))
        return lambda: own * float(self.rng.lognormal(0, spread))

    def add(self, table: str, **row: Any) -> None:
        """Add a row to one of the other tables."""
        self.tables.setdefault(table, []).append(row)

    def groups(self, directory: Path, params: DetectionParams | None = None) -> list[Group]:
        """Write the dataset, scan it, and return the groups found."""
        rows = sorted(self.rows, key=lambda row: row["event_time_ns"])
        columns = ["event_time_ns", "account_id", "instrument_id", "side", "quantity"]
        columns += sorted({name for row in rows for name in row} - set(columns))
        schema = pa.schema([ORDER_SCHEMA.field(name) for name in columns])
        tables = {"orders": pa.Table.from_pylist(rows, schema=schema)}
        for name, found in self.tables.items():
            full = [dict.fromkeys(_SCHEMAS[name].names) | row for row in found]
            tables[name] = pa.Table.from_pylist(full, schema=_SCHEMAS[name])
        write_dataset(directory, tables)
        result = scan(
            Dataset.open(directory),
            params=params or DetectionParams(),
            now_ns=START_NS + 30 * DAY_NS,
            finished_ns=lambda: 0,
            known_groups={},
            name="small",
        )
        return [found.group for found in result.findings.groups]
