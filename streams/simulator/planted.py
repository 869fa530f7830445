"""Planted groups: one leader trades, the others repeat it.

A `Copier` is a record of laws like the honest kinds: who leads, the law of the lag, how much is
copied, at what ratio. Followers repeat entries and exits of the leader's orders, read no clock,
and may trade a little on their own.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits
from streams.simulator.laws import (
    NS_PER_MS,
    Floats,
    Ints,
    Law,
    draw_seconds,
)
from streams.simulator.market import DAY_NS, Market
from streams.simulator.sending import (
    MARKET_ORDER,
    NewOrders,
    Trader,
    choose_sides,
    concatenate_orders,
    draw_fates,
    trade_round_trips,
)


@dataclass(frozen=True, slots=True)
class Planted:
    """What a planted group did.

    `leader` is an account, or None when the source is not on the venue; `ratios` has one value
    per account, 1 for the leader: the median of follower over leader quantity as traded, both in
    the family's smallest contract.
    """

    orders: NewOrders
    leader: int | None
    ratios: Floats
    inverse: bool
    start_time_ns: int


class Planter(Protocol):
    """A way for accounts to act as one group."""

    def plant(self, accounts: Ints, market: Market, rng: Generator) -> Planted:
        """Draw all orders of one group; `accounts` are its members in random order."""
        ...


@dataclass(frozen=True, slots=True)
class Copier:
    """The first account leads, the others copy it.

    `lag_ms` is the follower's median lag and `lag_spread` its lognormal sigma; every lag lies
    between the shortest and the longest. `copies_children` repeats each child order (software),
    otherwise a decision is repeated whole (people). `start_share` is the share of the days' span
    that passes before copying starts. Ratios round to whole contracts, at least one.
    """

    leaders: tuple[Trader, ...]
    lag_ms: Law
    lag_spread: Law
    shortest_lag_ms: float
    longest_lag_ms: float
    participation: Law
    copies_children: bool
    follower_habits: Habits
    ratio: Law
    micro_share: float
    micro_share_below_one: float
    own_trade_share: Law
    own_hold_s: Law
    start_share: Law
    limit_share: float

    def plant(self, accounts: Ints, market: Market, rng: Generator) -> Planted:
        """Draw all orders of one group; the first of `accounts` leads."""
        style = self.leaders[int(rng.integers(len(self.leaders)))]
        source = style.trade(accounts[:1], market, rng)
        start = self._draw_start(market, rng)
        copied = source.take(source.time_ns >= start)
        if not self.copies_children:
            copied = _merge_children(copied)
        parts, ratios = [source], [1.0]
        for account in accounts[1:]:
            orders, ratio = self._follow(int(account), copied, market, rng)
            parts += [orders, self._trade_alone(int(account), orders, market, rng)]
            ratios.append(ratio)
        return Planted(
            orders=concatenate_orders(parts),
            leader=int(accounts[0]),
            ratios=np.array(ratios),
            inverse=False,
            start_time_ns=start,
        )

    def _draw_start(self, market: Market, rng: Generator) -> int:
        passed = float(self.start_share.draw(rng, 1)[0]) * market.n_days
        day = min(int(passed), market.n_days - 1)
        return int(market.open_ns[day]) + int((passed - day) * DAY_NS)

    def _follow(
        self, account: int, source: NewOrders, market: Market, rng: Generator
    ) -> tuple[NewOrders, float]:
        """Orders of one follower and the ratio that its quantities show."""
        # A round trip is copied whole or not at all: nobody exits what they did not enter.
        trips, trip = np.unique(source.trip, return_inverse=True)
        share = self.participation.draw(rng, 1)[0]
        source = source.take((rng.random(len(trips)) < share)[trip])
        n = len(source)
        lag = self.lag_ms.draw(rng, 1)[0] * np.exp(
            self.lag_spread.draw(rng, 1)[0] * rng.standard_normal(n)
        )
        lag = np.clip(lag, self.shortest_lag_ms, self.longest_lag_ms)
        time_ns = source.time_ns + (lag * NS_PER_MS).astype(np.int64)
        wanted = self.ratio.draw(rng, 1)[0]
        instrument = self._translate(source.instrument, float(wanted), market, rng)
        unit = market.instruments.unit
        quantity = np.rint(source.quantity * unit[source.instrument] * wanted / unit[instrument])
        quantity = np.maximum(quantity, 1).astype(np.int64)
        traits = self.follower_habits.draw(1, rng)
        limit = self._choose_limits(source, instrument, time_ns, market, rng)
        cancel_after, fill_after = draw_fates(limit != MARKET_ORDER, self.follower_habits, rng)
        if self.copies_children:
            jitter = rng.integers(1, NS_PER_MS, n)
            cancel_after = np.where(source.cancel_after_ns > 0, source.cancel_after_ns + jitter, 0)
            fill_after = np.where(cancel_after > 0, 0, fill_after)
        orders = NewOrders(
            account=np.full(n, account, dtype=np.int64),
            decision=source.decision,
            trip=source.trip,
            time_ns=time_ns,
            instrument=instrument,
            side=source.side,
            quantity=quantity,
            limit_ticks=limit,
            cancel_after_ns=cancel_after,
            fill_after_ns=fill_after,
            automated=np.full(n, traits.automated[0]),
            stop_ticks=source.stop_ticks,
            replace_after_ns=source.replace_after_ns,
            replace_ticks=source.replace_ticks,
        )
        ratio = _median_ratio(orders, source, unit)
        return orders.take(market.is_open(time_ns)), ratio

    def _translate(self, instrument: Ints, ratio: float, market: Market, rng: Generator) -> Ints:
        """Instruments the follower trades for the leader's: the same, or the family's micro."""
        micro_share = self.micro_share if ratio >= 1 else self.micro_share_below_one
        if rng.random() >= micro_share:
            return instrument
        return market.instruments.micro[market.instruments.family[instrument]]

    def _choose_limits(
        self, source: NewOrders, instrument: Ints, time_ns: Ints, market: Market, rng: Generator
    ) -> Ints:
        """Limits: software sends the leader's, people choose their own at the price they see."""
        if self.copies_children:
            return source.limit_ticks
        is_limit = rng.random(len(source)) < self.limit_share
        return np.where(is_limit, market.price_ticks(instrument, time_ns), MARKET_ORDER)

    def _trade_alone(
        self, account: int, copies: NewOrders, market: Market, rng: Generator
    ) -> NewOrders:
        n_decisions = len(np.unique(copies.decision))
        share = float(self.own_trade_share.draw(rng, 1)[0])
        who = np.zeros(round(n_decisions * share / 2), dtype=np.int64)
        traits = self.follower_habits.draw(1, rng)
        return trade_round_trips(
            np.array([account], dtype=np.int64),
            who,
            market.draw_times(rng.integers(0, market.n_days, len(who)), rng),
            choose_sides(len(who), rng),
            traits.choose_families(who, rng),
            draw_seconds(self.own_hold_s, rng, len(who)),
            traits,
            self.follower_habits,
            market,
            rng,
        )


def _first_of_decision(orders: NewOrders) -> Ints:
    """Rows where a decision starts; child orders stand next to each other."""
    return np.flatnonzero(np.diff(orders.decision, prepend=-1) != 0)


def _merge_children(orders: NewOrders) -> NewOrders:
    """One order a decision, at its first child's time, of its whole quantity."""
    if len(orders) == 0:
        return orders
    first = _first_of_decision(orders)
    return replace(orders.take(first), quantity=np.add.reduceat(orders.quantity, first))


def _median_ratio(copies: NewOrders, source: NewOrders, unit: Ints) -> float:
    """Median over decisions of follower over leader quantity, in the family's smallest contract.

    Rounding and the floor of one contract are part of it: the ratio that was set may be invisible.
    """
    if len(source) == 0:
        return 1.0
    first = _first_of_decision(source)
    theirs = np.add.reduceat(copies.quantity * unit[copies.instrument], first)
    leaders = np.add.reduceat(source.quantity * unit[source.instrument], first)
    return float(np.round(np.median(theirs / leaders), 6))
