"""Orders of a market that happen now: strangers at a given rate, and pairs that copy.

A follower repeats every order of its leader after 5 to 25 ms; a stranger trades ten instruments.
"""

import numpy as np
import pyarrow as pa

from streams.tables import ORDER_SCHEMA

_N_INSTRUMENTS = 400
_N_STRANGERS = 8_000
_N_OWN = 10  # instruments of a stranger
_N_PAIRS = 200
_PAUSE_S = (0.8, 4.0)  # between two orders of a leader, drawn for each pair
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
        self._pause_s = self._rng.uniform(*_PAUSE_S, _N_PAIRS)
        self._due: list[tuple[int, str, int, str]] = []
        self._next_ns = np.zeros(_N_PAIRS)
        self._n_events = 0

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
        rng = self._rng
        n = rng.poisson(self._rate * (last_ns - first_ns) / 1e9)
        times = rng.integers(first_ns, last_ns, n).tolist()
        who = rng.integers(0, _N_STRANGERS, n).tolist()
        which = rng.integers(0, _N_OWN, n).tolist()
        sides = rng.integers(0, 2, n).tolist()
        return [
            (t, f"S{a:04}", (a * _N_OWN + i) % _N_INSTRUMENTS, "buy" if s else "sell")
            for t, a, i, s in zip(times, who, which, sides, strict=True)
        ]

    def _pairs(self, first_ns: int, last_ns: int) -> list[tuple[int, str, int, str]]:
        rng = self._rng
        for pair in np.flatnonzero(self._next_ns < last_ns).tolist():
            time_ns = max(int(self._next_ns[pair]), first_ns)
            side = "buy" if rng.random() < 0.5 else "sell"
            what = int(rng.integers(0, _N_INSTRUMENTS))
            delay_ns = int(rng.integers(*_DELAY_NS))
            self._due.append((time_ns, f"L{pair:03}", what, side))
            self._due.append((time_ns + delay_ns, f"F{pair:03}", what, side))
            self._next_ns[pair] = time_ns + 1e9 * self._pause_s[pair] * rng.uniform(0.5, 1.5)
        now = [row for row in self._due if row[0] < last_ns]
        self._due = [row for row in self._due if row[0] >= last_ns]
        return now
