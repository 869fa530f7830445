"""Twists of evasive followers: what they change about a copy so that it looks like their own."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from streams.simulator.laws import Law, draw_counts
from streams.simulator.market import Market
from streams.simulator.sending import NewOrders


@dataclass(frozen=True, slots=True)
class LotNoise:
    """A few contracts more or less, the same for a round trip's entry and exit."""

    contracts: Law

    def apply(self, copies: NewOrders, market: Market, rng: Generator) -> NewOrders:
        """Return the copies with other quantities, at least one contract each."""
        trips, trip = np.unique(copies.trip, return_inverse=True)
        noise = draw_counts(self.contracts, rng, len(trips))[trip]
        return replace(copies, quantity=np.maximum(copies.quantity + noise, 1))
