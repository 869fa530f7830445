"""Copiers: a source trades, the followers repeat it.

A `Copier` is a record of laws like the honest kinds: who leads, the law of the lag, how much is
copied, at what ratio. Followers repeat entries and exits of the source's orders, read no clock,
and may trade a little on their own. The source leads from an account of the group or from outside
the venue.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits
from streams.simulator.lags import LagLaw
from streams.simulator.laws import NS_PER_MS, Flags, Ints, Law, draw_seconds, rank_within
from streams.simulator.market import DAY_NS, Market
from streams.simulator.planted import (
    Planted,
    is_inverse,
    measure_ratio,
    merge_children,
    relate_to_median,
)
from streams.simulator.sending import (
    MARKET_ORDER,
    NewOrders,
    Trader,
    choose_sides,
    concatenate_orders,
    draw_fates,
    trade_round_trips,
)

_NEXT_ORDER_NS = 100_000


class Twist(Protocol):
    """What a follower's software or hand does to the copies beside delaying them."""

    def apply(self, copies: NewOrders, market: Market, rng: Generator) -> NewOrders:
        """Return the orders sent instead; their `decision` says which source decision they copy."""
        ...


@dataclass(frozen=True, slots=True)
class Outages:
    """A copier that works and fails by turns; both are counted in the source's round trips."""

    working_trips: Law
    failing_trips: Law

    def choose_trips(self, n: int, rng: Generator) -> Flags:
        """Whether the copier works at each of `n` trips; at one of them at least."""
        spells = np.empty(2 * n)
        spells[0::2] = self.working_trips.draw(rng, n)
        spells[1::2] = self.failing_trips.draw(rng, n)
        starts_working = rng.random() < 0.5
        ends = np.cumsum(np.maximum(np.rint(spells[0 if starts_working else 1 :]), 1))
        spell = np.searchsorted(ends, np.arange(n), side="right")
        works: Flags = (spell % 2 == 0) == starts_working
        if n > 0 and not works.any():
            works[-1] = True
        return works


@dataclass(frozen=True, slots=True)
class Copier:
    """The first account leads, the others copy it; or all copy a source off the venue.

    `copies_children` repeats each child order (software), otherwise a decision is repeated whole
    (people). `start_share` is the share of the days' span that passes before copying starts, or,
    with `on_last_day`, the share of the source's round trips of the last day. Ratios round to
    whole contracts, at least one. `on_venue_share` is how often the source is an account of the
    group, `inverse_share` the share of followers that take the other side (at least one follower
    where there is such a law). `copies_fates` repeats the source's replaces, cancels and fills.
    With `keeps_order` no order of a round trip is sent before its entry, whatever its lag.
    """

    leaders: tuple[Trader, ...]
    lag: LagLaw
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
    on_last_day: bool = False
    on_venue_share: float = 1.0
    inverse_share: Law | None = None
    copies_fates: bool = False
    keeps_order: bool = False
    outages: Outages | None = None
    twists: tuple[Twist, ...] = ()

    def plant(self, accounts: Ints, market: Market, rng: Generator) -> tuple[Planted, ...]:
        """Draw all orders of one group; the first of `accounts` leads where one of them does."""
        is_led = self.on_venue_share >= 1.0 or rng.random() < self.on_venue_share
        source, copied, start = self.draw_source(int(accounts[0]), market, rng)
        followers = accounts[1:] if is_led else accounts
        inverse = self._choose_inverse(len(followers), rng)
        copies, parts = [], [source] if is_led else []
        for account, takes_other_side in zip(followers, inverse, strict=True):
            orders = self.follow(int(account), copied, market, rng, inverse=bool(takes_other_side))
            parts += [orders, self.trade_alone(int(account), orders, market, rng)]
            copies.append(orders)
        return (
            describe_copying(
                accounts, int(accounts[0]) if is_led else None, parts, copies, copied, start, market
            ),
        )

    def draw_source(
        self, account: int, market: Market, rng: Generator
    ) -> tuple[NewOrders, NewOrders, int]:
        """Draw the source's orders, those of them that can be copied, and when copying starts."""
        style = self.leaders[int(rng.integers(len(self.leaders)))]
        source = style.trade(np.array([account], dtype=np.int64), market, rng)
        _, trip = np.unique(source.trip, return_inverse=True)
        entry_ns = np.full(int(trip.max()) + 1, np.iinfo(np.int64).max)
        np.minimum.at(entry_ns, trip, source.time_ns)
        start = self._draw_start(entry_ns, market, rng)
        is_copied = entry_ns >= start
        if self.outages is not None:
            by_time = np.argsort(entry_ns)
            open_trips = by_time[is_copied[by_time]]
            is_copied[open_trips] = self.outages.choose_trips(len(open_trips), rng)
        # A trip counts from its entry: nobody exits what they did not enter.
        copied = source.take(is_copied[trip])
        return source, copied if self.copies_children else merge_children(copied), start

    def _draw_start(self, entry_ns: Ints, market: Market, rng: Generator) -> int:
        share = float(self.start_share.draw(rng, 1)[0])
        if self.on_last_day:
            last = np.sort(entry_ns[entry_ns >= market.open_ns[-1]])
            return int(last[int(share * len(last))] if len(last) else market.open_ns[-1])
        passed = share * market.n_days
        day = min(int(passed), market.n_days - 1)
        return int(market.open_ns[day]) + int((passed - day) * DAY_NS)

    def _choose_inverse(self, n: int, rng: Generator) -> Flags:
        inverse = np.zeros(n, dtype=np.bool_)
        if self.inverse_share is not None:
            share = float(self.inverse_share.draw(rng, 1)[0])
            inverse[rng.permutation(n)[: max(round(share * n), 1)]] = True
        return inverse

    def follow(
        self,
        account: int,
        source: NewOrders,
        market: Market,
        rng: Generator,
        *,
        inverse: bool = False,
    ) -> NewOrders:
        """Draw the copies of one follower; `decision` and `trip` are those of the source."""
        # A round trip is copied whole or not at all; one of them always is.
        trips, trip = np.unique(source.trip, return_inverse=True)
        share = self.participation.draw(rng, 1)[0]
        takes_part = rng.random(len(trips)) < share
        if not takes_part.any():
            takes_part[:1] = True
        source = source.take(takes_part[trip])
        n = len(source)
        lag = self.lag.draw_lags(rng, n)
        time_ns = source.time_ns + (lag * NS_PER_MS).astype(np.int64)
        if self.keeps_order:
            time_ns = _send_entries_first(time_ns, source)
        wanted = self.ratio.draw(rng, 1)[0]
        instrument = self._translate(source.instrument, float(wanted), market, rng)
        unit = market.instruments.unit
        quantity = np.rint(source.quantity * unit[source.instrument] * wanted / unit[instrument])
        traits = self.follower_habits.draw(1, rng)
        limit = self._choose_limits(source, instrument, time_ns, market, rng)
        if inverse:
            # The leader's price is on the wrong side for the other side.
            limit = np.full(n, MARKET_ORDER, dtype=np.int64)
        cancel_after, fill_after = draw_fates(limit != MARKET_ORDER, self.follower_habits, rng)
        if self.copies_children:
            jitter = rng.integers(1, NS_PER_MS, n)
            cancel_after = np.where(source.cancel_after_ns > 0, source.cancel_after_ns + jitter, 0)
            fill_after = np.where(cancel_after > 0, 0, fill_after)
        orders = replace(
            source,
            account=np.full(n, account, dtype=np.int64),
            time_ns=time_ns,
            instrument=instrument,
            side=-source.side if inverse else source.side,
            quantity=np.maximum(quantity, 1).astype(np.int64),
            limit_ticks=limit,
            cancel_after_ns=cancel_after,
            fill_after_ns=fill_after,
            automated=np.full(n, traits.automated[0]),
        )
        if self.copies_fates:
            orders = _repeat_fates(orders, source, rng)
        for twist in self.twists:
            orders = twist.apply(orders, market, rng)
        return orders.take(market.is_open(orders.time_ns))

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

    def trade_alone(
        self, account: int, copies: NewOrders, market: Market, rng: Generator
    ) -> NewOrders:
        """Draw the follower's own trades: `own_trade_share` of what it copied."""
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


def _send_entries_first(time_ns: Ints, source: NewOrders) -> Ints:
    """Move orders that would come before the entry of their round trip right behind it."""
    by_trip = np.lexsort((source.time_ns, source.trip))
    is_entry = np.diff(source.trip[by_trip], prepend=-1) != 0
    place = rank_within(source.trip[by_trip])
    earliest = time_ns[by_trip][is_entry][np.cumsum(is_entry) - 1] + place * _NEXT_ORDER_NS
    moved = time_ns.copy()
    moved[by_trip] = np.maximum(time_ns[by_trip], earliest)
    return moved


def _repeat_fates(orders: NewOrders, source: NewOrders, rng: Generator) -> NewOrders:
    """Let what happened to the source's orders happen to their copies, a little later.

    Replaces and cancels are copied like orders; fills come when the price does, not a lag later.
    """
    n = len(orders)
    lag = orders.time_ns - source.time_ns
    jitter = rng.integers(1, NS_PER_MS, n)
    filled_later = np.maximum(source.fill_after_ns - lag, 0) + jitter
    return replace(
        orders,
        fill_after_ns=np.where(source.fill_after_ns > 0, filled_later, 0),
        replace_after_ns=np.where(source.replace_after_ns > 0, source.replace_after_ns + jitter, 0),
    )


def describe_copying(
    members: Ints,
    leader: int | None,
    parts: list[NewOrders],
    copies: list[NewOrders],
    source: NewOrders,
    start_time_ns: int,
    market: Market,
) -> Planted:
    """Read the right answer off the copies; `copies` has one entry a follower, in order."""
    unit = market.instruments.unit
    ratios = np.array([measure_ratio(orders, source, unit) for orders in copies])
    inverted = np.array([is_inverse(orders, source) for orders in copies], dtype=np.bool_)
    if leader is not None:
        ratios, inverted = np.r_[1.0, ratios], np.r_[False, inverted]
    else:
        ratios = relate_to_median(ratios)
    return Planted(
        members=members,
        orders=concatenate_orders(parts),
        leader=leader,
        ratios=ratios,
        inverted=inverted,
        start_time_ns=start_time_ns,
    )
