"""Neighbors: what a few kinds of traders know beyond the market.

Most kinds see the market alone. A sandwich bot also sees the orders of others, a trading floor
hears who sits in its room, a firm knows which accounts are its own.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.random import Generator

from streams.simulator.laws import Ints
from streams.simulator.market import Market
from streams.simulator.sending import NewOrders


@dataclass(frozen=True, slots=True)
class Neighbors:
    """What stands beside the accounts of a kind.

    `orders` are those of all honest accounts that see the market alone; `team` has one row an
    account of the whole market: the number of its team, -1 for none.
    """

    orders: NewOrders
    team: Ints

    def teams_of(self, accounts: Ints) -> Ints:
        """Team of each given account, from 0 on; an account without any is a team of its own."""
        team = self.team[accounts]
        alone = team < 0
        team = np.where(alone, team.max(initial=0) + 1 + np.arange(len(team)), team)
        numbered: Ints = np.unique(team, return_inverse=True)[1].astype(np.int64)
        return numbered


@runtime_checkable
class Onlooker(Protocol):
    """A kind of trader that looks at its neighbors too."""

    def trade_among(
        self, accounts: Ints, neighbors: Neighbors, market: Market, rng: Generator
    ) -> NewOrders:
        """Draw all orders of the accounts over all days of the market, by account and time."""
        ...
