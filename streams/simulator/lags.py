"""Laws of the lag: how long after the source's order each copy is sent."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator

from streams.simulator.laws import Floats, Law


class LagLaw(Protocol):
    """How the lags of one follower are drawn."""

    def draw_lags(self, rng: Generator, n: int) -> Floats:
        """Draw the lags of `n` copies of one follower, in milliseconds; below 0 comes first."""
        ...


@dataclass(frozen=True, slots=True)
class PersonalLag:
    """Every follower has a usual lag, drawn from `median_ms`, and varies around it.

    `spread` is the follower's lognormal sigma; every lag lies between the shortest and longest.
    """

    median_ms: Law
    spread: Law
    shortest_ms: float
    longest_ms: float

    def draw_lags(self, rng: Generator, n: int) -> Floats:
        """Draw the lags of `n` copies of one follower, in milliseconds."""
        lag = self.median_ms.draw(rng, 1)[0] * np.exp(
            self.spread.draw(rng, 1)[0] * rng.standard_normal(n)
        )
        clipped: Floats = np.clip(lag, self.shortest_ms, self.longest_ms)
        return clipped


@dataclass(frozen=True, slots=True)
class FreshLag:
    """Every copy draws its lag anew: a delay that is random on purpose, or no habit at all."""

    lag_ms: Law

    def draw_lags(self, rng: Generator, n: int) -> Floats:
        """Draw the lags of `n` copies of one follower, in milliseconds."""
        return self.lag_ms.draw(rng, n)
