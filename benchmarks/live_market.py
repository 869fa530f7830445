"""Orders of a market that happen now: strangers at a given rate, and pairs that copy.

A pair keeps to one instrument, buys and sells in turn, and its follower repeats the leader's order
after 5 to 25 ms; both have one owner. Strangers trade ten instruments each, and those of the pairs
now and then: where a crowd acts all the time, nothing would be flagged.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.tables import ACCOUNT_SCHEMA, ORDER_SCHEMA

_N_INSTRUMENTS = 400
_N_STRANGERS = 8_000
_N_OWN = 10  # instruments of a stranger
_N_PAIRS = 200
_SELDOM = 200.0  # orders of strangers a second in the instruments of the pairs
_PAUSE_S = (5.5, 9.0)  # between two orders of a leader; more often would be one decision
_DELAY_NS = (5_000_000, 25_000_000)


class LiveMarket:
    """Draws the orders of one slice of time after the other.

    Parameters
    ----------
    rate : float
        Orders of strangers a second.
    seed : int
        Of everything drawn.
    """

    def __init__(self, rate: float, *, seed: int) -> None:
        self._rate = rate
        self._rng = np.random.default_rng(seed)
        self._due: list[tuple[int, str, int, str]] = []
        self._next_ns: NDArray[np.float64] | None = None
        self._next_side = ["buy"] * _N_PAIRS
        self._n_events = 0

    def accounts(self) -> pa.RecordBatch:
        """Return the accounts of the pairs."""
        rows = [
            {"account_id": f"{role}{pair:03}", "owner_id": f"O{pair:03}"}
            for pair in range(_N_PAIRS)
            for role in "LF"
        ]
        return pa.RecordBatch.from_pylist(rows, schema=ACCOUNT_SCHEMA)

    def orders(self, first_ns: int, last_ns: int) -> pa.RecordBatch:
        """Return the orders from one time up to another, in order."""
        rows = self._strangers(first_ns, last_ns) + self._pairs(first_ns, last_ns)
        rows.sort()
        times, accounts, instruments, sides = zip(*rows, strict=True) if rows else ((),) * 4
        numbers = range(self._n_events, self._n_events + len(rows))
        self._n_events += len(rows)
        given = {
            "event_time_ns": list(times),
            "account_id": list(accounts),
            "instrument_id": [f"I{number:03}" for number in instruments],
            "side": list(sides),
            "quantity": [1.0] * len(rows),
            "event_id": [f"e{number}" for number in numbers],
            "event_type": ["new"] * len(rows),
            "order_type": ["market"] * len(rows),
        }
        columns = [
            pa.array(given[field.name], field.type)
            if field.name in given
            else pa.nulls(len(rows), field.type)
            for field in ORDER_SCHEMA
        ]
        return pa.record_batch(columns, schema=ORDER_SCHEMA)

    def _strangers(self, first_ns: int, last_ns: int) -> list[tuple[int, str, int, str]]:
        rng, seconds = self._rng, (last_ns - first_ns) / 1e9
        n, n_seldom = rng.poisson(self._rate * seconds), rng.poisson(_SELDOM * seconds)
        times = rng.integers(first_ns, last_ns, n + n_seldom).tolist()
        who = rng.integers(0, _N_STRANGERS, n + n_seldom)
        what = _N_PAIRS + (who * _N_OWN + rng.integers(0, _N_OWN, who.size)) % _N_INSTRUMENTS
        what[:n_seldom] = rng.integers(0, _N_PAIRS, n_seldom)
        sides = rng.integers(0, 2, who.size).tolist()
        return [
            (t, f"S{a:04}", i, "buy" if s else "sell")
            for t, a, i, s in zip(times, who.tolist(), what.tolist(), sides, strict=True)
        ]

    def _pairs(self, first_ns: int, last_ns: int) -> list[tuple[int, str, int, str]]:
        rng = self._rng
        if self._next_ns is None:
            self._next_ns = first_ns + 1e9 * rng.uniform(0, _PAUSE_S[1], _N_PAIRS)
        for pair in np.flatnonzero(self._next_ns < last_ns).tolist():
            time_ns = max(int(self._next_ns[pair]), first_ns)
            side = self._next_side[pair]
            delay_ns = int(rng.integers(*_DELAY_NS))
            self._due.append((time_ns, f"L{pair:03}", pair, side))
            self._due.append((time_ns + delay_ns, f"F{pair:03}", pair, side))
            self._next_ns[pair] = time_ns + 1e9 * rng.uniform(*_PAUSE_S)
            self._next_side[pair] = "sell" if side == "buy" else "buy"
        now = [row for row in self._due if row[0] < last_ns]
        self._due = [row for row in self._due if row[0] >= last_ns]
        return now
