"""Honest people whose trades come in crowds or hardly at all: casual traders, stops, a floor.

Each kind is a record of laws; its numbers stand in `full_honest_kinds.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits, draw_families
from streams.simulator.laws import (
    NS_PER_SECOND,
    Ints,
    Law,
    draw_counts,
    draw_seconds,
    repeat_rows,
)
from streams.simulator.market import DAY_SECONDS, Market
from streams.simulator.neighbors import Neighbors
from streams.simulator.people import scatter_trips
from streams.simulator.sending import (
    Decisions,
    NewOrders,
    choose_sides,
    place_orders,
    trade_round_trips,
)

# A stop not reached this long after its cascade began was not part of it.
_CASCADE_WINDOW_S = 90


@dataclass(frozen=True, slots=True)
class CasualTrader:
    """Decides once or twice in all the days: an entry that stays, or an entry and its exit."""

    exit_share: float
    hold_s: Law
    habits: Habits

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        n = len(accounts)
        who = np.arange(n, dtype=np.int64)
        traits = self.habits.draw(n, rng)
        day = rng.integers(0, market.n_days, n)
        entry = market.draw_times(day, rng)
        left = market.close_ns(day) - entry
        hold = draw_seconds(self.hold_s, rng, n)
        exits = np.flatnonzero((rng.random(n) < self.exit_share) & (hold < left))
        instrument = traits.contracts(who, traits.choose_families(who, rng), market)
        side, quantity = choose_sides(n, rng), traits.choose_quantities(who, rng)
        decisions = Decisions(
            who=np.r_[who, exits],
            time_ns=np.r_[entry, entry[exits] + hold[exits]],
            instrument=np.r_[instrument, instrument[exits]],
            side=np.r_[side, -side[exits]],
            quantity=np.r_[quantity, quantity[exits]],
            trip=np.r_[who, exits],
        )
        return place_orders(accounts, decisions, traits, self.habits, market, rng)


@dataclass(frozen=True, slots=True)
class StopTrader:
    """Holds positions with a stop at a level that others use too, and trades a few other times.

    When a cascade runs through the level, the platform sends the stop as a market order `delay_s`
    after the price was there. Most stops lie at the level, others deeper by `stop_depth_share` of
    the cascade's way; `hold_s` is how long the position had been held.
    """

    participation: Law
    stop_depth_share: Law
    delay_s: Law
    other_trips_a_day: Law
    hold_s: Law
    habits: Habits

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        n = len(accounts)
        traits, cascades = self.habits.draw(n, rng), market.cascades
        joins = rng.random((n, len(cascades))) < self.participation.draw(rng, n)[:, None]
        who, cascade = np.nonzero(joins & traits.trades(cascades.family))
        hit = self._find_hits(cascade, market, rng)
        is_hit = hit >= 0
        who, cascade, hit = who[is_hit], cascade[is_hit], hit[is_hit]
        # Everyone's platform sees the same tick, at one moment of its second.
        tick_ns = rng.integers(0, NS_PER_SECOND, len(cascades))[cascade]
        day = hit // DAY_SECONDS
        stop_ns = market.open_ns[day] + hit % DAY_SECONDS * NS_PER_SECOND + tick_ns
        stop_ns += draw_seconds(self.delay_s, rng, len(who))
        # Who would have entered before the opening entered at some time since then.
        held = draw_seconds(self.hold_s, rng, len(who))
        passed = stop_ns - market.open_ns[day]
        held = np.where(held < passed, held, (passed * rng.random(len(who))).astype(np.int64))
        other, other_day = scatter_trips(self.other_trips_a_day.draw(rng, n), market, rng)
        return trade_round_trips(
            accounts,
            np.r_[who, other],
            np.r_[stop_ns - held, market.draw_times(other_day, rng)],
            np.r_[-cascades.direction[cascade], choose_sides(len(other), rng)],
            np.r_[cascades.family[cascade], traits.choose_families(other, rng)],
            np.r_[held, draw_seconds(self.hold_s, rng, len(other))],
            traits,
            self.habits,
            market,
            rng,
        )

    def _find_hits(self, cascade: Ints, market: Market, rng: Generator) -> Ints:
        """Second of the path at which each stop is reached, -1 for never."""
        cascades = market.cascades
        second = cascades.second[:, None] + np.arange(_CASCADE_WINDOW_S)
        path = market.path_ticks[cascades.family[:, None], second]
        way = (path - path[:, :1]) * cascades.direction[:, None]
        farthest = np.maximum.accumulate(way, axis=1)
        share = self.stop_depth_share.draw(rng, len(cascade))
        stop = np.maximum(np.rint(share * cascades.depth_ticks[cascade]), 1)
        passed = np.count_nonzero(farthest[cascade] < stop[:, None], axis=1)
        return np.where(passed < _CASCADE_WINDOW_S, cascades.second[cascade] + passed, -1)


@dataclass(frozen=True, slots=True)
class TradingFloor:
    """Rooms of traders of different owners who hear the same calls; nobody leads.

    Every call is followed by `participation` of the room, each after a delay that is drawn anew,
    so whoever is first is so by chance. Exits are everybody's own, and so are other trades.
    """

    calls_a_day: Law
    participation: Law
    delay_s: Law
    other_trips_a_day: Law
    hold_s: Law
    habits: Habits

    def trade_among(
        self, accounts: Ints, neighbors: Neighbors, market: Market, rng: Generator
    ) -> NewOrders:
        """Draw all orders of the accounts; a team is a room."""
        n = len(accounts)
        traits, room = self.habits.draw(n, rng), neighbors.teams_of(accounts)
        n_rooms = int(room.max(initial=-1)) + 1
        count = draw_counts(self.calls_a_day, rng, n_rooms * market.n_days)
        room_day = repeat_rows(count)
        call_room, call_day = room_day // market.n_days, room_day % market.n_days
        n_calls = len(room_day)
        call_ns = market.draw_times(call_day, rng)
        call_side = choose_sides(n_calls, rng)
        # A room follows two families, the first one more often.
        families = draw_families(n_rooms, rng)
        call_family = families[call_room, (rng.random(n_calls) < 0.3).astype(np.int64)]
        follows = rng.random((n, n_calls)) < self.participation.draw(rng, n_calls)
        who, call = np.nonzero(follows & (room[:, None] == call_room))
        other, other_day = scatter_trips(self.other_trips_a_day.draw(rng, n), market, rng)
        entry = call_ns[call] + draw_seconds(self.delay_s, rng, len(who))
        return trade_round_trips(
            accounts,
            np.r_[who, other],
            np.r_[entry, market.draw_times(other_day, rng)],
            np.r_[call_side[call], choose_sides(len(other), rng)],
            np.r_[call_family[call], traits.choose_families(other, rng)],
            draw_seconds(self.hold_s, rng, len(who) + len(other)),
            traits,
            self.habits,
            market,
            rng,
        )
