"""Laws: the distributions that every number of a simulated trader is drawn from.

A law is a value. Traders hold laws as fields, so another scenario is the same trader with other
laws; their numbers stand in `honest_kinds.py` and `planted_kinds.py`.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000


class Law(Protocol):
    """A distribution to draw from."""

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Uniform:
    """Evenly between `low` and `high`; equal bounds make a constant."""

    low: float
    high: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        return rng.uniform(self.low, self.high, n)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Lognormal around `median` with spread `sigma`, clipped to `low` and `high`."""

    median: float
    sigma: float
    low: float
    high: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        values = self.median * np.exp(self.sigma * rng.standard_normal(n))
        return np.clip(values, self.low, self.high)


@dataclass(frozen=True, slots=True)
class HeavyTail:
    """Whole numbers from 1 with P(x > k) = (k + 1) ** -exponent, clipped to `high`."""

    exponent: float
    high: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        return np.minimum(np.floor((1.0 - rng.random(n)) ** (-1.0 / self.exponent)), self.high)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `values`, each as often as its weight says."""

    values: tuple[float, ...]
    weights: tuple[float, ...]

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        weights = np.asarray(self.weights)
        return rng.choice(np.asarray(self.values, dtype=np.float64), n, p=weights / weights.sum())


@dataclass(frozen=True, slots=True)
class Gamma:
    """Gamma of `shape` around `mean`, clipped to `low` and `high`; shape 1 is exponential."""

    shape: float
    mean: float
    low: float
    high: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        return np.clip(rng.gamma(self.shape, self.mean / self.shape, n), self.low, self.high)


@dataclass(frozen=True, slots=True)
class Weibull:
    """Weibull of `shape` and `scale`, clipped to `low` and `high`."""

    shape: float
    scale: float
    low: float
    high: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        return np.clip(self.scale * rng.weibull(self.shape, n), self.low, self.high)


@dataclass(frozen=True, slots=True)
class Pareto:
    """From `low` on with P(x > v) = (v / low) ** -exponent, clipped to `high`."""

    exponent: float
    low: float
    high: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        return np.minimum(self.low * (1.0 - rng.random(n)) ** (-1.0 / self.exponent), self.high)


@dataclass(frozen=True, slots=True)
class Bimodal:
    """From `first` with probability `first_share`, else from `second`."""

    first: Law
    second: Law
    first_share: float

    def draw(self, rng: Generator, n: int) -> Floats:
        """Draw `n` independent values, shape (n,)."""
        is_first = rng.random(n) < self.first_share
        return np.where(is_first, self.first.draw(rng, n), self.second.draw(rng, n))


def draw_counts(law: Law, rng: Generator, n: int) -> Ints:
    """Draw `n` whole numbers: the law's values, rounded to the nearest."""
    return np.rint(law.draw(rng, n)).astype(np.int64)


def draw_seconds(law: Law, rng: Generator, n: int) -> Ints:
    """Draw `n` durations from a law in seconds, in nanoseconds."""
    return (law.draw(rng, n) * NS_PER_SECOND).astype(np.int64)


def repeat_rows(counts: Ints) -> Ints:
    """Row numbers with row i repeated `counts[i]` times, ascending."""
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def rank_within(groups: Ints) -> Ints:
    """Position of every row inside its run of equal values; `groups` is sorted."""
    if len(groups) == 0:
        return np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    lengths = np.diff(np.r_[starts, len(groups)])
    return np.arange(len(groups), dtype=np.int64) - np.repeat(starts, lengths)
