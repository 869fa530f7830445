"""Laws of other shapes than those the other kinds draw from."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.laws import Floats, Law


@dataclass(frozen=True, slots=True)
class Gamma:
    """`low` plus a gamma variable of that shape and scale, at most `high`."""

    shape: float
    scale: float
    low: float
    high: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        return np.minimum(self.low + rng.gamma(self.shape, self.scale, n), self.high)


@dataclass(frozen=True, slots=True)
class Weibull:
    """`low` plus a Weibull variable of that shape and scale, at most `high`."""

    shape: float
    scale: float
    low: float
    high: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        return np.minimum(self.low + self.scale * rng.weibull(self.shape, n), self.high)


@dataclass(frozen=True, slots=True)
class LogUniform:
    """Evenly on the logarithm between `low` and `high`: no value is rounder than another."""

    low: float
    high: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        return np.exp(rng.uniform(np.log(self.low), np.log(self.high), n))


@dataclass(frozen=True, slots=True)
class Mixture:
    """One law or the other, the first in `first_share` of the draws: two peaks."""

    first: Law
    second: Law
    first_share: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        is_first = rng.random(n) < self.first_share
        return np.where(is_first, self.first.draw(rng, n), self.second.draw(rng, n))
