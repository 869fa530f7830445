"""Grid bots: resting orders at round prices, one step apart.

All who use the same step act at the same crossing, each on the other side of the move.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from streams.simulator.habits import Habits
from streams.simulator.instruments import FAMILIES
from streams.simulator.laws import NS_PER_MS, NS_PER_SECOND, Ints, Law
from streams.simulator.market import DAY_SECONDS, Market
from streams.simulator.sending import Decisions, NewOrders, place_orders


@dataclass(frozen=True, slots=True)
class GridBot:
    """Puts a new order one step away when the price has crossed a round one.

    The order is a limit at the next round price, to sell above a crossing upwards and to buy
    below one downwards. `steps_s` are sizes of a grid in seconds of the family's volatility,
    rounded to a round number of ticks; a bot keeps to one of them.
    """

    steps_s: tuple[float, ...]
    weights: tuple[float, ...]
    participation: Law
    reaction_ms: Law
    habits: Habits

    def trade(self, accounts: Ints, market: Market, rng: Generator) -> NewOrders:
        """Draw all orders of the accounts."""
        n = len(accounts)
        traits = self.habits.draw(n, rng)
        weights = np.array(self.weights)
        size = rng.choice(len(weights), n, p=weights / weights.sum())
        time_ns, family, way, price, which = self._find_crossings(market, rng)
        sees = traits.trades(family) & (size[:, None] == which)
        joins = rng.random(sees.shape) < self.participation.draw(rng, n)[:, None]
        who, crossing = np.nonzero(sees & joins)
        reaction = (self.reaction_ms.draw(rng, len(who)) * NS_PER_MS).astype(np.int64)
        decisions = Decisions(
            who=who,
            time_ns=time_ns[crossing] + reaction,
            instrument=traits.contracts(who, family[crossing], market),
            side=-way[crossing],
            quantity=traits.choose_quantities(who, rng),
            trip=np.arange(len(who), dtype=np.int64),
        )
        orders = place_orders(accounts, decisions, traits, self.habits, market, rng)
        return replace(orders, limit_ticks=price[crossing][orders.trip])

    def _find_crossings(
        self, market: Market, rng: Generator
    ) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Time, family, way, next round price and step of each crossing of a round price.

        A price crossed back and forth counts once, until another one is crossed.
        """
        parts: list[Ints] = []
        for row, spec in enumerate(FAMILIES):
            for which, seconds in enumerate(self.steps_s):
                step = _round_step(seconds * spec.volatility_ticks)
                level = market.path_ticks[row] // step
                second = np.flatnonzero(np.diff(level) != 0) + 1
                way = np.sign(level[second] - level[second - 1])
                # Going up the crossed price is the floor of the new cell, going down its ceiling.
                crossed = level[second] + (way < 0)
                is_new = np.diff(crossed, prepend=-1) != 0
                second, way, crossed = second[is_new], way[is_new], crossed[is_new]
                day = second // DAY_SECONDS
                time_ns = market.open_ns[day] + second % DAY_SECONDS * NS_PER_SECOND
                # All who look see the crossing at once, at some moment of its second.
                time_ns = time_ns + rng.integers(0, NS_PER_SECOND, len(second))
                same = np.ones(len(second), dtype=np.int64)
                price = (crossed + way) * step
                parts.append(np.array([time_ns, same * row, way, price, same * which]))
        columns = np.concatenate(parts, axis=1)
        return columns[0], columns[1], columns[2], columns[3], columns[4]


def _round_step(ticks: float) -> int:
    """Round to 1, 2 or 5 times a power of ten, at least 2 ticks."""
    scale = 10.0 ** math.floor(math.log10(ticks))
    nearest = min((1, 2, 5, 10), key=lambda digit: abs(digit * scale - ticks))
    return max(round(nearest * scale), 2)
