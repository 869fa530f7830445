"""Honest robots: algorithms on their own signal, minute slicers, market makers.

Each kind is a record of laws with one method, `trade`; its numbers stand in `honest_kinds.py`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits
from streams.simulator.laws import (
    NS_PER_MS,
    NS_PER_SECOND,
    Ints,
    Law,
    draw_counts,
    draw_seconds,
    rank_within,
    repeat_rows,
)
from streams.simulator.market import DAY_SECONDS, Market
from streams.simulator.sending import (
    Decisions,
    NewOrders,
    choose_sides,
    place_orders,
    trade_round_trips,
)

_NS_PER_MINUTE = 60 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Algorithm:
    """Trades steadily all day, a fixed short reaction after its own clock.

    The account polls its signal every `period_s`, at a phase of its own.
    """

    trips_a_day: Law
    period_s: Law
    reaction_ms: Law
    reaction_spread: float
    hold_s: Law
    habits: Habits

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        n = len(accounts)
        traits = self.habits.draw(n, rng)
        mean = np.repeat(self.trips_a_day.draw(rng, n), market.n_days)
        row = repeat_rows(np.maximum(rng.poisson(mean), 1).astype(np.int64))
        who, day = row // market.n_days, row % market.n_days
        period = draw_seconds(self.period_s, rng, n)
        phase = (period * rng.random(n)).astype(np.int64)
        usual = self.reaction_ms.draw(rng, n)[who]
        reaction = usual * np.exp(self.reaction_spread * rng.standard_normal(len(who)))
        polled = market.draw_times(day, rng)
        polled -= (polled - phase[who]) % period[who]
        entry = market.fold(day, polled + (reaction * NS_PER_MS).astype(np.int64))
        return trade_round_trips(
            accounts,
            who,
            entry,
            choose_sides(len(who), rng),
            traits.choose_families(who, rng),
            draw_seconds(self.hold_s, rng, len(who)),
            traits,
            self.habits,
            market,
            rng,
        )


@dataclass(frozen=True, slots=True)
class MinuteSlicer:
    """Works a large order in equal slices, one a minute, at its own offset into the minute.

    A run has one family and one side; `offset_s` is below 2, `jitter_ms` the mean delay on it.
    """

    runs_a_day: Law
    duration_minutes: Law
    offset_s: Law
    jitter_ms: Law
    habits: Habits

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        n = len(accounts)
        traits = self.habits.draw(n, rng)
        account_day = repeat_rows(draw_counts(self.runs_a_day, rng, n * market.n_days))
        run_who, run_day = account_day // market.n_days, account_day % market.n_days
        minutes = draw_counts(self.duration_minutes, rng, len(run_who))
        last_start = np.maximum(DAY_SECONDS // 60 - minutes, 1)
        start = (rng.random(len(run_who)) * last_start).astype(np.int64)
        run_side = choose_sides(len(run_who), rng)
        run_instrument = traits.contracts(run_who, traits.choose_families(run_who, rng), market)
        run_quantity = traits.choose_quantities(run_who, rng)
        run = repeat_rows(minutes)
        who = run_who[run]
        offset = draw_seconds(self.offset_s, rng, n)[who]
        jitter = self.jitter_ms.draw(rng, n)[who] * rng.exponential(size=len(run)) * NS_PER_MS
        minute = (start[run] + rank_within(run)) * _NS_PER_MINUTE
        decisions = Decisions(
            who=who,
            time_ns=market.open_ns[run_day[run]] + minute + offset + jitter.astype(np.int64),
            instrument=run_instrument[run],
            side=run_side[run],
            quantity=run_quantity[run],
            trip=np.arange(len(run), dtype=np.int64),
        )
        return place_orders(accounts, decisions, traits, self.habits, market, rng)


@dataclass(frozen=True, slots=True)
class MarketMaker:
    """Quotes both sides all day and cancels nearly all of it soon after.

    `quotes_a_day` counts pairs of a buy and a sell; the second leaves `leg_gap_us` later.
    """

    quotes_a_day: Law
    leg_gap_us: Law
    habits: Habits

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        n = len(accounts)
        traits = self.habits.draw(n, rng)
        mean = np.repeat(self.quotes_a_day.draw(rng, n), market.n_days)
        row = repeat_rows(np.maximum(rng.poisson(mean), 1).astype(np.int64))
        who, day = row // market.n_days, row % market.n_days
        time_ns = market.draw_times(day, rng)
        first = choose_sides(len(who), rng)
        gap = (self.leg_gap_us.draw(rng, len(who)) * 1_000).astype(np.int64)
        instrument = traits.contracts(who, traits.choose_families(who, rng), market)
        quantity = traits.choose_quantities(who, rng)
        trip = np.arange(len(who), dtype=np.int64)
        decisions = Decisions(
            who=np.r_[who, who],
            time_ns=np.r_[time_ns, time_ns + gap],
            instrument=np.r_[instrument, instrument],
            side=np.r_[first, -first],
            quantity=np.r_[quantity, quantity],
            trip=np.r_[trip, trip],
        )
        return place_orders(accounts, decisions, traits, self.habits, market, rng)


@dataclass(frozen=True, slots=True)
class QuoteKeeper:
    """A market maker that also moves quotes instead of canceling them.

    `replaced_share` is the account's share of orders that are replaced, after `replaced_at` of
    their life; the new limit stands as far from the new price, and one tick deeper where the
    price has not moved.
    """

    maker: MarketMaker
    replaced_share: Law
    replaced_at: Law

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        orders = self.maker.trade(accounts, market, rng)
        maker = np.unique(orders.account, return_inverse=True)[1]
        share = self.replaced_share.draw(rng, len(accounts))[maker]
        life = np.maximum(orders.cancel_after_ns, orders.fill_after_ns)
        after = (life * self.replaced_at.draw(rng, len(orders))).astype(np.int64)
        is_moved = (rng.random(len(orders)) < share) & (after > 0) & (after < life)
        before = market.price_ticks(orders.instrument, orders.time_ns)
        now = market.price_ticks(orders.instrument, orders.time_ns + after)
        moved = np.where(now == before, -orders.side, now - before)
        return replace(
            orders,
            replace_after_ns=np.where(is_moved, after, 0),
            replace_ticks=np.where(is_moved, orders.limit_ticks + moved, 0),
        )
