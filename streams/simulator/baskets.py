"""Arbitrage baskets: several families traded at one instant when a spread opens.

Several firms watch the same spread, so unrelated accounts act on it within milliseconds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits
from streams.simulator.instruments import FAMILIES
from streams.simulator.laws import (
    NS_PER_MS,
    NS_PER_SECOND,
    Floats,
    Ints,
    Law,
    draw_counts,
    draw_seconds,
    rank_within,
    repeat_rows,
)
from streams.simulator.market import Market
from streams.simulator.neighbors import Neighbors
from streams.simulator.sending import (
    Decisions,
    NewOrders,
    choose_sides,
    place_orders,
)

_QUIET_END_NS = 300 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Basket:
    """Roots of two or three families that move together: the first against the others."""

    roots: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class ArbitrageBasket:
    """Firms that each watch one basket, trade all its legs when the spread opens, and back.

    A firm is a team of one to three accounts, which take the legs in turn. `reaction_ms` is the
    firm's usual reaction, `reaction_spread` its lognormal sigma; a leg leaves `leg_gap_us` after
    the one before it. `open_s` is how long the spread stays open.
    """

    baskets: tuple[Basket, ...]
    openings_a_day: Law
    open_s: Law
    participation: Law
    reaction_ms: Law
    reaction_spread: float
    leg_gap_us: Law
    habits: Habits

    def trade_among(
        self, accounts: Ints, neighbors: Neighbors, market: Market, rng: Generator
    ) -> NewOrders:
        """Draw all orders of the accounts; a team is a firm."""
        traits = self.habits.draw(len(accounts), rng)
        firm = neighbors.teams_of(accounts)
        by_firm = np.argsort(firm, kind="stable")
        firm_start = np.flatnonzero(np.diff(firm[by_firm], prepend=-1) != 0)
        firm_size = np.diff(np.r_[firm_start, len(firm)])
        n_firms = len(firm_start)
        weight = np.array([basket.weight for basket in self.baskets])
        firm_basket = rng.choice(len(weight), n_firms, p=weight / weight.sum())
        opening_ns, open_ns, basket, side = self._draw_openings(market, rng)
        share = self.participation.draw(rng, n_firms)[:, None]
        joins = rng.random((n_firms, len(opening_ns))) < share
        acting, opening = np.nonzero(joins & (firm_basket[:, None] == basket))
        usual = self.reaction_ms.draw(rng, n_firms)[acting]
        enter_ns = opening_ns[opening] + self._react(usual, rng)
        exit_ns = opening_ns[opening] + open_ns[opening] + self._react(usual, rng)
        legs = [_families_of(basket) for basket in self.baskets]
        act = repeat_rows(np.array([len(leg) for leg in legs])[firm_basket[acting]])
        leg = rank_within(act)
        family = _pad(legs)[firm_basket[acting][act], leg]
        member = (opening[act] + leg) % firm_size[acting[act]]
        who = by_firm[firm_start[acting[act]] + member]
        gap = (self.leg_gap_us.draw(rng, len(act)) * 1_000).astype(np.int64) * leg
        leg_side = side[opening][act] * np.where(leg == 0, 1, -1)
        instrument = traits.contracts(who, family, market)
        quantity = traits.choose_quantities(who, rng)
        decisions = Decisions(
            who=np.r_[who, who],
            time_ns=np.r_[
                enter_ns[act] + gap, np.maximum(exit_ns, enter_ns + NS_PER_MS)[act] + gap
            ],
            instrument=np.r_[instrument, instrument],
            side=np.r_[leg_side, -leg_side],
            quantity=np.r_[quantity, quantity],
            trip=np.r_[act, act],
        )
        return place_orders(accounts, decisions, traits, self.habits, market, rng)

    def _react(self, usual_ms: Floats, rng: Generator) -> Ints:
        reaction = usual_ms * np.exp(self.reaction_spread * rng.standard_normal(len(usual_ms)))
        nanoseconds: Ints = (reaction * NS_PER_MS).astype(np.int64)
        return nanoseconds

    def _draw_openings(self, market: Market, rng: Generator) -> tuple[Ints, Ints, Ints, Ints]:
        """Time, duration, basket and side of every opening of every spread."""
        count = draw_counts(self.openings_a_day, rng, len(self.baskets) * market.n_days)
        row = repeat_rows(count)
        basket, day = row // market.n_days, row % market.n_days
        time_ns = market.draw_times(day, rng)
        open_ns = draw_seconds(self.open_s, rng, len(row))
        kept = time_ns + open_ns < market.close_ns(day) - _QUIET_END_NS
        return time_ns[kept], open_ns[kept], basket[kept], choose_sides(len(row), rng)[kept]


def _families_of(basket: Basket) -> Ints:
    roots = [spec.root for spec in FAMILIES]
    return np.array([roots.index(root) for root in basket.roots], dtype=np.int64)


def _pad(legs: list[Ints]) -> Ints:
    """Legs as a matrix, shape (n_baskets, most legs), -1 where there is none."""
    padded = np.full((len(legs), max(map(len, legs))), -1, dtype=np.int64)
    for row, leg in enumerate(legs):
        padded[row, : len(leg)] = leg
    return padded
