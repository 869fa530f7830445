"""Markets of honest accounts, and farms walking through theirs, as fingerprint columns."""

from itertools import pairwise

import numpy as np
from helpers.orders import DAY_NS, SECOND_NS, START_NS

from models.columns import NO_SEQUENCE, OrderColumns
from models.fingerprints import FingerprintColumns, FingerprintLog
from models.params import IdenticalParams, RankTestParams

N_HONEST = 400
SPAN_NS = 2 * DAY_NS


def honest_orders(
    rng: np.random.Generator, *, n_orders: int = 12_000, with_bursts: bool = True
) -> OrderColumns:
    """Return two days of one instrument: habits of size, prices that drift, crowds on news.

    In a crowd hundreds act within a minute or two on one side, many of them for the first time.
    """
    habit = rng.choice([1, 1, 1, 1, 2, 3, 5], N_HONEST)
    active = rng.pareto(1.2, N_HONEST) + 0.05
    account = rng.choice(N_HONEST, n_orders, p=active / active.sum())
    time = rng.integers(0, SPAN_NS, n_orders)
    side = rng.integers(0, 2, n_orders)
    if with_bursts:
        for start in rng.integers(0, SPAN_NS - 300 * SECOND_NS, 12):
            crowd = rng.choice(N_HONEST, 150, replace=False)
            account = np.r_[account, crowd]
            time = np.r_[time, start + rng.exponential(40.0 * SECOND_NS, crowd.size).astype(int)]
            side = np.r_[side, np.full(crowd.size, rng.integers(0, 2))]
    lots = np.where(
        rng.random(account.size) < 0.8, habit[account], rng.integers(1, 8, account.size)
    )
    price = 4_000 + (time // (600 * SECOND_NS)) % 50 + rng.integers(-4, 5, account.size)
    return in_order(time, account, side, lots, price, rng.random(account.size) < 0.5)


def farm_orders(
    rng: np.random.Generator,
    *,
    n_accounts: int = 50,
    lots: int = 1,
    pace_s: tuple[float, float] = (15.0, 60.0),
    start_ns: int = DAY_NS + DAY_NS // 2,
    price: int | None = None,
) -> OrderColumns:
    """Return one buy order of each of a farm's accounts, which are in no other market."""
    time = start_ns + np.cumsum(rng.uniform(*pace_s, n_accounts) * SECOND_NS).astype(np.int64)
    account = N_HONEST + np.arange(n_accounts)
    side = np.zeros(n_accounts, np.int64)
    prices = np.full(n_accounts, 0 if price is None else price)
    return in_order(
        time,
        account,
        side,
        np.full(n_accounts, lots),
        prices,
        np.full(n_accounts, price is not None),
    )


def in_order(
    time: np.ndarray,
    account: np.ndarray,
    side: np.ndarray,
    lots: np.ndarray,
    price: np.ndarray,
    has_price: np.ndarray,
) -> OrderColumns:
    """Return one instrument's orders, sorted by time."""
    order = np.argsort(time, kind="stable")
    zero = np.zeros(time.size, np.int32)
    return OrderColumns(
        event_time_ns=START_NS + time[order].astype(np.int64),
        sequence=np.full(time.size, NO_SEQUENCE, np.int64),
        account=account[order].astype(np.int32),
        family=zero,
        instrument=zero,
        side=side[order].astype(np.int8),
        quantity_lots=lots[order].astype(np.int64),
        price_ticks=np.where(has_price, price, 0)[order].astype(np.int64),
        has_price=has_price[order],
    )


def together(*parts: OrderColumns) -> OrderColumns:
    """Return the rows of all parts in the order of time."""
    columns = ("event_time_ns", "account", "side", "quantity_lots", "price_ticks", "has_price")
    joined = (np.concatenate([getattr(part, name) for part in parts]) for name in columns)
    time, *rest = joined
    return in_order(time - START_NS, *rest)


def fingerprints(orders: OrderColumns, cuts: tuple[int, ...] = ()) -> FingerprintColumns:
    """Return the fingerprints of a stream that comes in batches cut at these rows."""
    log = FingerprintLog(
        merge_ns=RankTestParams().merge_ns,
        bracket_ns=RankTestParams().bracket_ns,
        n_accounts=N_HONEST + 600,
        new_decisions=IdenticalParams().new_decisions,
        robot_decisions_a_day=RankTestParams().robot_decisions_a_day,
    )
    edges = [0, *sorted(cuts), len(orders)]
    for start, stop in pairwise(edges):
        log.add(orders.take(slice(start, stop)))
    return log.columns()
