"""A small market with planted copiers, as the orders table of a dataset."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from streams.tables import TABLES

SECOND_NS = 1_000_000_000
START_NS = 1_767_600_000 * SECOND_NS
INSTRUMENTS = ("ES", "NQ", "CL", "GC")


def copied_market(
    leader: str = "L",
    followers: Sequence[str] = ("F1", "F2", "F3"),
    *,
    n_copied: int = 60,
    n_honest: int = 40,
    n_honest_orders: int = 4_000,
    seed: int = 1,
) -> pa.Table:
    """Return orders of honest accounts at random and of one leader whom all followers repeat.

    Followers trade 20 to 200 ms after the leader, each its own multiple of the leader's quantity.
    """
    rng = np.random.default_rng(seed)
    span_ns = 6 * 3600 * SECOND_NS
    rows = [
        (int(time), f"H{account:03d}", INSTRUMENTS[key % 4], key // 4, float(quantity))
        for time, account, key, quantity in zip(
            rng.integers(0, span_ns, n_honest_orders),
            rng.integers(0, n_honest, n_honest_orders),
            rng.integers(0, 8, n_honest_orders),
            rng.integers(1, 9, n_honest_orders),
            strict=True,
        )
    ]
    for time, key in zip(
        rng.integers(0, span_ns, n_copied), rng.integers(0, 8, n_copied), strict=True
    ):
        rows.append((int(time), leader, INSTRUMENTS[key % 4], key // 4, 1.0))
        for multiple, follower in enumerate(followers, start=1):
            lag_ns = int(rng.integers(20, 200)) * 1_000_000
            rows.append(
                (int(time) + lag_ns, follower, INSTRUMENTS[key % 4], key // 4, float(multiple))
            )
    rows.sort()
    return orders(
        [
            {
                "event_time_ns": START_NS + time,
                "account_id": account,
                "instrument_id": instrument,
                "side": ("buy", "sell")[side],
                "quantity": quantity,
                "event_id": f"e{number}",
                "sequence": number,
            }
            for number, (time, account, instrument, side, quantity) in enumerate(rows)
        ]
    )


def orders(rows: Sequence[dict[str, object]]) -> pa.Table:
    """Return an orders table of the given rows."""
    return pa.Table.from_pylist(list(rows), schema=TABLES["orders"].schema)
