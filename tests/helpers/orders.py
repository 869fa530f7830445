"""Builders of columns: orders and decisions from short tuples, markets at random."""

from collections.abc import Iterable, Sequence

import numpy as np

from models.columns import NO_SEQUENCE, DecisionColumns, LaterEvents, OrderColumns

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
DAY_NS = 24 * 60 * MINUTE_NS
START_NS = 20_000 * DAY_NS  # a midnight in 2024


def order_columns(
    rows: Iterable[tuple[int, int, int, int]],
    *,
    sequence: Sequence[int] | None = None,
    lots: Sequence[int] | None = None,
) -> OrderColumns:
    """Return orders from (time_ns, account, family, side) rows, in the order given."""
    table = np.array(list(rows), np.int64).reshape(-1, 4)
    n = len(table)
    return OrderColumns(
        event_time_ns=table[:, 0].copy(),
        sequence=np.array([NO_SEQUENCE] * n if sequence is None else sequence, np.int64),
        account=table[:, 1].astype(np.int32),
        family=table[:, 2].astype(np.int32),
        instrument=table[:, 2].astype(np.int32),
        side=table[:, 3].astype(np.int8),
        quantity_lots=np.array([1] * n if lots is None else lots, np.int64),
        price_ticks=np.zeros(n, np.int64),
        has_price=np.zeros(n, np.bool_),
    )


def decision_columns(
    rows: Iterable[tuple[int, int, int, int]], *, lots: Sequence[int] | None = None
) -> DecisionColumns:
    """Return decisions from (time_ns, account, family, side) rows, sorted by time."""
    table = np.array(list(rows), np.int64).reshape(-1, 4)
    sizes = np.array([1] * len(table) if lots is None else lots, np.int64)
    order = np.argsort(table[:, 0], kind="stable")
    table, sizes = table[order], sizes[order]
    return DecisionColumns(
        event_time_ns=table[:, 0].copy(),
        sequence=np.full(len(table), NO_SEQUENCE, np.int64),
        account=table[:, 1].astype(np.int32),
        family=table[:, 2].astype(np.int32),
        instrument=table[:, 2].astype(np.int32),
        side=table[:, 3].astype(np.int8),
        quantity_lots=sizes,
        price_ticks=np.zeros(len(table), np.int64),
        has_price=np.zeros(len(table), np.bool_),
    )


def later_events(rows: Iterable[tuple[int, int, int, int, int, int]]) -> LaterEvents:
    """Return events from (time_ns, account, family, side, kind, price_ticks) rows, sorted."""
    table = np.array(sorted(rows), np.int64).reshape(-1, 6)
    return LaterEvents(
        event_time_ns=table[:, 0].copy(),
        account=table[:, 1].astype(np.int32),
        family=table[:, 2].astype(np.int32),
        side=table[:, 3].astype(np.int8),
        kind=table[:, 4].astype(np.int8),
        price_ticks=table[:, 5].copy(),
    )


def random_orders(
    rng: np.random.Generator,
    *,
    n_orders: int,
    n_accounts: int,
    n_families: int = 1,
    mean_gap_ns: int = 2 * SECOND_NS,
    tie_share: float = 0.0,
    with_sequence: bool = False,
    start_ns: int = START_NS,
) -> OrderColumns:
    """Return independent orders; some share an instant, with or without a sequence."""
    gaps = rng.exponential(mean_gap_ns, n_orders).astype(np.int64)
    gaps[rng.random(n_orders) < tie_share] = 0
    times = start_ns + np.cumsum(gaps)
    rows = zip(
        times.tolist(),
        rng.integers(0, n_accounts, n_orders).tolist(),
        rng.integers(0, n_families, n_orders).tolist(),
        rng.integers(0, 2, n_orders).tolist(),
        strict=True,
    )
    sequence = np.arange(n_orders) if with_sequence else None
    return order_columns(rows, sequence=None if sequence is None else sequence.tolist())
