"""Twists that only held-out followers know: splitting, own legs, days of reversal."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from streams.simulator.laws import (
    NS_PER_SECOND,
    Law,
    draw_counts,
    draw_seconds,
    rank_within,
    repeat_rows,
)
from streams.simulator.market import Market
from streams.simulator.sending import MARKET_ORDER, NewOrders


@dataclass(frozen=True, slots=True)
class SplitOverTime:
    """Every copy becomes several market orders, spread evenly at random over `span_s`.

    A copy has as many children as drawn or as it has contracts, whichever is less; the first
    stands at the copy's own time.
    """

    n_children: Law
    span_s: Law

    def apply(self, copies: NewOrders, market: Market, rng: Generator) -> NewOrders:
        """Return the children; those of a copy stand next to each other, by time."""
        n = len(copies)
        wanted = np.maximum(draw_counts(self.n_children, rng, n), 1)
        n_children = np.minimum(wanted, copies.quantity)
        span_ns = draw_seconds(self.span_s, rng, n)
        row = repeat_rows(n_children)
        child = rank_within(row)
        place = (child + rng.random(len(row))) / n_children[row]
        delay = np.where(child == 0, 0, (place * span_ns[row]).astype(np.int64))
        none = np.zeros(len(row), dtype=np.int64)
        return replace(
            copies.take(row),
            time_ns=copies.time_ns[row] + delay,
            quantity=(copies.quantity // n_children)[row]
            + (child < (copies.quantity % n_children)[row]),
            limit_ticks=np.full(len(row), MARKET_ORDER, dtype=np.int64),
            cancel_after_ns=none,
            fill_after_ns=rng.integers(1, NS_PER_SECOND // 100, len(row)),
        )


@dataclass(frozen=True, slots=True)
class OwnLegs:
    """In `share` of the round trips the follower copies the entry or the exit, not both.

    The other leg is the follower's own: it stands `hold_s` away from the copied one.
    """

    share: Law
    hold_s: Law

    def apply(self, copies: NewOrders, market: Market, rng: Generator) -> NewOrders:
        """Return the orders with own legs at times of their own, as market orders."""
        trips, trip = np.unique(copies.trip, return_inverse=True)
        n = len(trips)
        is_own = rng.random(n) < self.share.draw(rng, 1)[0]
        owns_exit = rng.random(n) < 0.5
        hold_ns = draw_seconds(self.hold_s, rng, n)
        entry_ns = np.full(n, np.iinfo(np.int64).max)
        exit_ns = np.full(n, np.iinfo(np.int64).min)
        np.minimum.at(entry_ns, trip, copies.time_ns)
        np.maximum.at(exit_ns, trip, copies.time_ns)
        is_exit = copies.time_ns > entry_ns[trip]
        own_ns = np.where(owns_exit, entry_ns + hold_ns, exit_ns - hold_ns)[trip]
        moves = is_own[trip] & (is_exit == owns_exit[trip])
        return replace(
            copies,
            time_ns=np.where(moves, own_ns, copies.time_ns),
            limit_ticks=np.where(moves, MARKET_ORDER, copies.limit_ticks),
            cancel_after_ns=np.where(moves, 0, copies.cancel_after_ns),
        )


@dataclass(frozen=True, slots=True)
class ReversalDays:
    """On some days, `share` of them, the follower takes the other side of every copy."""

    share: Law

    def apply(self, copies: NewOrders, market: Market, rng: Generator) -> NewOrders:
        """Return the copies, turned on those days and sent as market orders then."""
        turns = rng.random(market.n_days) < self.share.draw(rng, 1)[0]
        is_turned = turns[np.clip(market.day_of(copies.time_ns), 0, market.n_days - 1)]
        return replace(
            copies,
            side=np.where(is_turned, -copies.side, copies.side),
            limit_ticks=np.where(is_turned, MARKET_ORDER, copies.limit_ticks),
            cancel_after_ns=np.where(is_turned, 0, copies.cancel_after_ns),
        )
