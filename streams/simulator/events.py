"""Public events that many accounts react to, each on its own: bars, moves, hours, day ends.

An `EventTrader` is a record of laws that reacts to the events of one source. Every account
watches one variant of the source (a bar length, a size of move) in the families it trades.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits
from streams.simulator.instruments import FAMILIES
from streams.simulator.laws import (
    NS_PER_SECOND,
    Ints,
    Law,
    draw_seconds,
)
from streams.simulator.market import DAY_NS, DAY_SECONDS, Market
from streams.simulator.people import scatter_trips
from streams.simulator.sending import NewOrders, choose_sides, trade_round_trips

_HOUR_S = 3600
_FIRST_FULL_HOUR_S = 1800


@dataclass(frozen=True, slots=True)
class Events:
    """Columns of public events; `side` is the side most of those who react take."""

    time_ns: Ints
    family: Ints
    side: Ints
    variant: Ints


class EventSource(Protocol):
    """Where public events come from; `weights` say how popular each of its variants is."""

    @property
    def weights(self) -> tuple[float, ...]:
        """Popularity of the variants."""
        ...

    def find(self, market: Market, rng: Generator) -> Events:
        """List the events of all days, families and variants."""
        ...


@dataclass(frozen=True, slots=True)
class BarCloses:
    """Closes of bars; variants are the lengths `bar_s`, whole parts of the day.

    With `signals_a_day` a public signal fires at that many of a family's bars, chosen by chance;
    without it every close is an event, for those with a signal of their own.
    """

    bar_s: tuple[int, ...]
    weights: tuple[float, ...]
    signals_a_day: Law | None

    def find(self, market: Market, rng: Generator) -> Events:
        """List the bar closes that fire."""
        n_families = len(FAMILIES)
        times: list[Ints] = []
        families: list[Ints] = []
        variants: list[Ints] = []
        for variant, length in enumerate(self.bar_s):
            closes = np.arange(length, DAY_SECONDS, length, dtype=np.int64) * NS_PER_SECOND
            shape = (n_families, market.n_days, len(closes))
            fires = np.ones(shape, dtype=np.bool_)
            if self.signals_a_day is not None:
                mean = self.signals_a_day.draw(rng, n_families) / len(closes)
                fires = rng.random(shape) < mean[:, None, None]
            family, day, bar = np.nonzero(fires)
            times.append(market.open_ns[day] + closes[bar])
            families.append(family.astype(np.int64))
            variants.append(np.full(len(bar), variant, dtype=np.int64))
        family = np.concatenate(families)
        return Events(
            np.concatenate(times), family, choose_sides(len(family), rng), np.concatenate(variants)
        )


@dataclass(frozen=True, slots=True)
class PriceMoves:
    """Fast moves of a family's price; variants are sizes in standard deviations of the window.

    One event a family and minute at most: its first move of the size. The side follows the move.
    """

    window_s: int
    sizes: tuple[float, ...]
    weights: tuple[float, ...]

    def find(self, market: Market, rng: Generator) -> Events:
        """List the moves."""
        volatility = np.array([spec.volatility_ticks for spec in FAMILIES])
        path = market.path_ticks.reshape(len(FAMILIES), market.n_days, DAY_SECONDS)
        move = np.zeros(path.shape)
        move[..., self.window_s :] = path[..., self.window_s :] - path[..., : -self.window_s]
        move /= (volatility * np.sqrt(self.window_s))[:, None, None]
        parts: list[Ints] = []
        for variant, size in enumerate(self.sizes):
            family, day, second = np.nonzero(np.abs(move) >= size)
            minute = (family * market.n_days + day) * DAY_SECONDS + second // 60
            first = np.flatnonzero(np.diff(minute, prepend=-1) != 0)
            family, day, second = family[first], day[first], second[first]
            time_ns = market.open_ns[day] + second * NS_PER_SECOND
            side = np.sign(move[family, day, second]).astype(np.int64)
            parts.append(np.array([time_ns, family, side, np.full(len(first), variant)]))
        # All who look see the move at once, at some moment of its second.
        columns = np.concatenate(parts, axis=1)
        columns[0] += rng.integers(0, NS_PER_SECOND, columns.shape[1])
        return Events(columns[0], columns[1], columns[2], columns[3])


@dataclass(frozen=True, slots=True)
class FullHours:
    """The full hours of the day, seen `lead_s` before; a family's side is public knowledge."""

    lead_s: float
    weights: tuple[float, ...] = (1.0,)

    def find(self, market: Market, rng: Generator) -> Events:
        """List the hours."""
        hours = np.arange(_FIRST_FULL_HOUR_S, DAY_SECONDS, _HOUR_S, dtype=np.int64) * NS_PER_SECOND
        day, hour, family = np.indices((market.n_days, len(hours), len(FAMILIES))).reshape(3, -1)
        time_ns = market.open_ns[day] + hours[hour] - int(self.lead_s * NS_PER_SECOND)
        n = len(time_ns)
        return Events(
            time_ns, family.astype(np.int64), choose_sides(n, rng), np.zeros(n, dtype=np.int64)
        )


@dataclass(frozen=True, slots=True)
class DayEnds:
    """The opening (variant 0) and the last `closing_s` before the close (variant 1)."""

    closing_s: float
    weights: tuple[float, ...]

    def find(self, market: Market, rng: Generator) -> Events:
        """List opening and closing of each day and family."""
        shape = (market.n_days, 2, len(FAMILIES))
        day, variant, family = np.indices(shape, dtype=np.int64).reshape(3, -1)
        closing = DAY_NS - int(self.closing_s * NS_PER_SECOND)
        time_ns = market.open_ns[day] + variant * closing
        return Events(time_ns, family, choose_sides(len(day), rng), variant)


@dataclass(frozen=True, slots=True)
class EventTrader:
    """Reacts to a share of the events of its source, and trades a few other times.

    `right_side_share` of the reactions take the event's side, half of them where everyone has a
    view of their own. `reaction_s` is the account's usual reaction, `reaction_spread` its
    lognormal sigma; reactions lie between the shortest and the longest.
    """

    source: EventSource
    participation: Law
    right_side_share: float
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
        traits, events = self.habits.draw(n, rng), self.source.find(market, rng)
        weights = np.array(self.source.weights)
        variant = rng.choice(len(weights), n, p=weights / weights.sum())
        sees = traits.trades(events.family) & (variant[:, None] == events.variant)
        joins = rng.random(sees.shape) < self.participation.draw(rng, n)[:, None]
        who, event = np.nonzero(sees & joins)
        usual = self.reaction_s.draw(rng, n)[who]
        reaction = usual * np.exp(self.reaction_spread * rng.standard_normal(len(who)))
        reaction = np.clip(reaction, self.shortest_reaction_s, self.longest_reaction_s)
        right = rng.random(len(who)) < self.right_side_share
        other, other_day = scatter_trips(self.other_trips_a_day.draw(rng, n), market, rng)
        return trade_round_trips(
            accounts,
            np.r_[who, other],
            np.r_[
                events.time_ns[event] + (reaction * NS_PER_SECOND).astype(np.int64),
                market.draw_times(other_day, rng),
            ],
            np.r_[np.where(right, 1, -1) * events.side[event], choose_sides(len(other), rng)],
            np.r_[events.family[event], traits.choose_families(other, rng)],
            draw_seconds(self.hold_s, rng, len(who) + len(other)),
            traits,
            self.habits,
            market,
            rng,
        )
