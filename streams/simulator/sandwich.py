"""Sandwich bots: they trade just before and just after the orders of others.

The bot's front order has the victim's side, its back order the other side, so a test of the
victim's side alone takes it for copying.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits, Traits
from streams.simulator.laws import NS_PER_MS, Ints, Law, draw_counts, rank_within, repeat_rows
from streams.simulator.market import Market
from streams.simulator.neighbors import Neighbors
from streams.simulator.people import scatter_trips
from streams.simulator.sending import (
    MARKET_ORDER,
    NO_STOP,
    Decisions,
    NewOrders,
    choose_sides,
    place_orders,
)

_SHORTEST_MS = 0.05
_LONGEST_MS = 2_000.0


@dataclass(frozen=True, slots=True)
class SandwichBot:
    """Preys on market orders of a few accounts, and trades a few other times.

    Each bot has `n_victims` favorites, drawn by how often they trade, and attacks
    `attacked_share` of their market orders, or less to keep to `most_attacks_a_day`: the front
    order `before_ms` before it, the back order `after_ms` after it.
    """

    n_victims: Law
    attacked_share: Law
    most_attacks_a_day: Law
    before_ms: Law
    after_ms: Law
    other_trips_a_day: Law
    habits: Habits

    def trade_among(
        self, accounts: Ints, neighbors: Neighbors, market: Market, rng: Generator
    ) -> NewOrders:
        """Draw all orders of the accounts; victims are other honest accounts."""
        n = len(accounts)
        traits = self.habits.draw(n, rng)
        who, order = self._choose_orders(n, market.n_days, neighbors.orders, rng)
        seen = neighbors.orders
        front_ns = seen.time_ns[order] - self._draw_gaps(self.before_ms, len(order), rng)
        back_ns = seen.time_ns[order] + self._draw_gaps(self.after_ms, len(order), rng)
        whole = market.is_open(front_ns) & market.is_open(back_ns)
        who, order, front_ns, back_ns = who[whole], order[whole], front_ns[whole], back_ns[whole]
        other, other_ns, other_instrument = self._scatter(n, traits, market, rng)
        side = np.r_[seen.side[order], choose_sides(len(other), rng)]
        instrument = np.r_[seen.instrument[order], other_instrument]
        quantity = traits.choose_quantities(np.r_[who, other], rng)
        trip = np.arange(len(side), dtype=np.int64)
        other_back_ns = market.fold(
            market.day_of(other_ns), other_ns + self._draw_gaps(self.after_ms, len(other), rng)
        )
        decisions = Decisions(
            who=np.r_[who, other, who, other],
            time_ns=np.r_[front_ns, other_ns, back_ns, other_back_ns],
            instrument=np.r_[instrument, instrument],
            side=np.r_[side, -side],
            quantity=np.r_[quantity, quantity],
            trip=np.r_[trip, trip],
        )
        return place_orders(accounts, decisions, traits, self.habits, market, rng)

    def _choose_orders(
        self, n: int, n_days: int, seen: NewOrders, rng: Generator
    ) -> tuple[Ints, Ints]:
        """Bot and row of every order it attacks."""
        # A stop that rests has no limit either, but nobody sees it before it is triggered.
        prey = np.flatnonzero((seen.limit_ticks == MARKET_ORDER) & (seen.stop_ticks == NO_STOP))
        prey = prey[np.argsort(seen.account[prey], kind="stable")]
        victims, start, count = np.unique(seen.account[prey], return_index=True, return_counts=True)
        n_victims = np.minimum(draw_counts(self.n_victims, rng, n), len(victims))
        share = self.attacked_share.draw(rng, n)
        most = self.most_attacks_a_day.draw(rng, n) * n_days
        bots: list[Ints] = [np.zeros(0, dtype=np.int64)]
        orders: list[Ints] = [np.zeros(0, dtype=np.int64)]
        for bot in range(n):
            # The largest of log(weight) + Gumbel noise are a weighted draw without replacement.
            keys = np.log(count) - np.log(rng.exponential(size=len(victims)))
            chosen = np.argsort(-keys)[: n_victims[bot]]
            row = repeat_rows(count[chosen])
            theirs = prey[start[chosen][row] + rank_within(row)]
            rate = min(share[bot], most[bot] / max(len(theirs), 1))
            attacked = theirs[rng.random(len(theirs)) < rate]
            bots.append(np.full(len(attacked), bot, dtype=np.int64))
            orders.append(attacked)
        return np.concatenate(bots), np.concatenate(orders)

    def _scatter(
        self, n: int, traits: Traits, market: Market, rng: Generator
    ) -> tuple[Ints, Ints, Ints]:
        """Account row, time and instrument of the few trades without a victim."""
        who, day = scatter_trips(self.other_trips_a_day.draw(rng, n), market, rng)
        instrument = traits.contracts(who, traits.choose_families(who, rng), market)
        return who, market.draw_times(day, rng), instrument

    @staticmethod
    def _draw_gaps(law: Law, n: int, rng: Generator) -> Ints:
        gaps: Ints = (np.clip(law.draw(rng, n), _SHORTEST_MS, _LONGEST_MS) * NS_PER_MS).astype(
            np.int64
        )
        return gaps
