"""Honest people: traders in clustered sessions, on news, and on a shared indicator.

Each kind is a record of laws with one method, `trade`; its numbers stand in `honest_kinds.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits, draw_families
from streams.simulator.laws import (
    NS_PER_SECOND,
    Floats,
    Ints,
    Law,
    draw_counts,
    draw_seconds,
    repeat_rows,
)
from streams.simulator.market import DAY_SECONDS, Market
from streams.simulator.sending import (
    NewOrders,
    choose_sides,
    trade_round_trips,
)


@dataclass(frozen=True, slots=True)
class ClusteredTrader:
    """Round trips in a few sessions a day: the discretionary trader and, denser, the scalper.

    `trips_a_day` is the account's mean; a day it trades on has at least one.
    """

    trips_a_day: Law
    active_day_share: Law
    clusters_a_day: Law
    cluster_spread_s: Law
    hold_s: Law
    habits: Habits

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        n = len(accounts)
        traits = self.habits.draw(n, rng)
        account_of, day_of = _active_days(self.active_day_share.draw(rng, n), market, rng)
        mean = self.trips_a_day.draw(rng, n)[account_of]
        row = repeat_rows(np.maximum(rng.poisson(mean), 1).astype(np.int64))
        n_clusters = draw_counts(self.clusters_a_day, rng, len(account_of))
        most = int(n_clusters.max(initial=1))
        centers = market.draw_times(np.repeat(day_of, most), rng).reshape(-1, most)
        cluster = (rng.random(len(row)) * n_clusters[row]).astype(np.int64)
        spread = draw_seconds(self.cluster_spread_s, rng, len(account_of))[row]
        shift = (spread * rng.standard_normal(len(row))).astype(np.int64)
        entry = market.fold(day_of[row], centers[row, cluster] + shift)
        return trade_round_trips(
            accounts,
            account_of[row],
            entry,
            choose_sides(len(row), rng),
            traits.choose_families(account_of[row], rng),
            draw_seconds(self.hold_s, rng, len(row)),
            traits,
            self.habits,
            market,
            rng,
        )


@dataclass(frozen=True, slots=True)
class NewsTrader:
    """Trades the direction of news soon after it, and a few other times.

    `reaction_s` is the account's usual reaction time, `reaction_spread` its lognormal sigma.
    """

    participation: Law
    right_direction_share: float
    reaction_s: Law
    reaction_spread: float
    shortest_reaction_s: float
    longest_reaction_s: float
    other_trips_a_day: Law
    hold_s: Law
    habits: Habits

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        n = len(accounts)
        traits, news = self.habits.draw(n, rng), market.news
        joins = rng.random((n, len(news.time_ns))) < self.participation.draw(rng, n)[:, None]
        who, item = np.nonzero(joins & traits.trades(news.family))
        usual = self.reaction_s.draw(rng, n)[who]
        reaction = usual * np.exp(self.reaction_spread * rng.standard_normal(len(who)))
        reaction = np.clip(reaction, self.shortest_reaction_s, self.longest_reaction_s)
        right = rng.random(len(who)) < self.right_direction_share
        other, other_day = scatter_trips(self.other_trips_a_day.draw(rng, n), market, rng)
        return trade_round_trips(
            accounts,
            np.r_[who, other],
            np.r_[
                news.time_ns[item] + (reaction * NS_PER_SECOND).astype(np.int64),
                market.draw_times(other_day, rng),
            ],
            np.r_[np.where(right, 1, -1) * news.direction[item], choose_sides(len(other), rng)],
            np.r_[news.family[item], traits.choose_families(other, rng)],
            draw_seconds(self.hold_s, rng, len(who) + len(other)),
            traits,
            self.habits,
            market,
            rng,
        )


@dataclass(frozen=True, slots=True)
class IndicatorUser:
    """Crowds that share an indicator: they act after the same bars, on the same side.

    A crowd has one family and one bar length; every user takes part in their own share of its
    signals and reacts at their own pace; exits are their own, and so are a few other trades.
    """

    crowd_size: Law
    smallest_crowd: int
    bar_s: Law
    signals_a_day: Law
    participation: Law
    reaction_s: Law
    reaction_spread: float
    shortest_reaction_s: float
    longest_reaction_s: float
    other_trips_a_day: Law
    hold_s: Law
    habits: Habits

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        n = len(accounts)
        crowd = self._form_crowds(n, rng)
        n_crowds = int(crowd.max(initial=-1)) + 1
        crowd_family = draw_families(n_crowds, rng)[:, 0]
        drawn = self.habits.draw(n, rng)
        family = drawn.family.copy()
        family[:, 0] = crowd_family[crowd]
        traits = drawn.within(family, drawn.n_families)
        signal_ns, signal_side, signal_crowd = self._draw_signals(n_crowds, market, rng)
        takes_part = rng.random((n, len(signal_ns))) < self.participation.draw(rng, n)[:, None]
        who, signal = np.nonzero(takes_part & (crowd[:, None] == signal_crowd))
        usual = self.reaction_s.draw(rng, n)[who]
        reaction = usual * np.exp(self.reaction_spread * rng.standard_normal(len(who)))
        reaction = np.clip(reaction, self.shortest_reaction_s, self.longest_reaction_s)
        other, other_day = scatter_trips(self.other_trips_a_day.draw(rng, n), market, rng)
        return trade_round_trips(
            accounts,
            np.r_[who, other],
            np.r_[
                signal_ns[signal] + (reaction * NS_PER_SECOND).astype(np.int64),
                market.draw_times(other_day, rng),
            ],
            np.r_[signal_side[signal], choose_sides(len(other), rng)],
            np.r_[crowd_family[crowd[who]], traits.choose_families(other, rng)],
            draw_seconds(self.hold_s, rng, len(who) + len(other)),
            traits,
            self.habits,
            market,
            rng,
        )

    def _form_crowds(self, n: int, rng: Generator) -> Ints:
        """Crowd of each account; the last ones join the crowd before if they are too few."""
        crowd = np.zeros(n, dtype=np.int64)
        start, number = 0, 0
        while start < n:
            stop = start + int(draw_counts(self.crowd_size, rng, 1)[0])
            stop = n if n - stop < self.smallest_crowd else stop
            crowd[start:stop] = number
            start, number = stop, number + 1
        return rng.permutation(crowd)

    def _draw_signals(
        self, n_crowds: int, market: Market, rng: Generator
    ) -> tuple[Ints, Ints, Ints]:
        """Time, side and crowd of each signal; times are closes of bars."""
        bar = draw_counts(self.bar_s, rng, n_crowds)
        count = draw_counts(self.signals_a_day, rng, n_crowds)
        times: list[Ints] = []
        crowds: list[Ints] = []
        for crowd in range(n_crowds):
            n_bars = DAY_SECONDS // int(bar[crowd])
            for open_ns in market.open_ns:
                bars = rng.choice(n_bars - 1, min(int(count[crowd]), n_bars - 1), replace=False)
                times.append(open_ns + (bars + 1) * int(bar[crowd]) * NS_PER_SECOND)
                crowds.append(np.full(len(bars), crowd, dtype=np.int64))
        if not times:
            return tuple(np.zeros(0, dtype=np.int64) for _ in range(3))  # type: ignore[return-value]
        time_ns = np.concatenate(times)
        return time_ns, choose_sides(len(time_ns), rng), np.concatenate(crowds)


def _active_days(share: Floats, market: Market, rng: Generator) -> tuple[Ints, Ints]:
    """Account row and day of every day that an account trades on; at least one each."""
    active = rng.random((len(share), market.n_days)) < share[:, None]
    lazy = np.flatnonzero(~active.any(axis=1))
    active[lazy, rng.integers(0, market.n_days, len(lazy))] = True
    who, day = np.nonzero(active)
    return who.astype(np.int64), day.astype(np.int64)


def scatter_trips(mean: Floats, market: Market, rng: Generator) -> tuple[Ints, Ints]:
    """Account row and day of Poisson many decisions; at least one an account."""
    count = np.maximum(rng.poisson(mean * market.n_days), 1).astype(np.int64)
    who = repeat_rows(count)
    return who, rng.integers(0, market.n_days, len(who))
