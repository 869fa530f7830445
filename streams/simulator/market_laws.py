"""Laws of the market itself: its day, its news, its steps and its stop cascades.

The numbers of the usual market stand here; a scenario with another market has another record.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from streams.simulator.laws import Floats, Law, LogNormal, Uniform


class DayShape(Protocol):
    """How busy the market is over the day, before news."""

    def level(self, passed: Floats) -> Floats:
        """Activity where `passed` (0 to 1) of the day is over; only ratios of levels matter."""
        ...


@dataclass(frozen=True, slots=True)
class UShape:
    """Busy opening, quiet noon at `noon_level` of it, busy close."""

    noon_level: float

    def level(self, passed: Floats) -> Floats:
        """Activity where `passed` (0 to 1) of the day is over."""
        return self.noon_level + (1 - self.noon_level) * ((passed - 0.5) * 2) ** 2


@dataclass(frozen=True, slots=True)
class Humps:
    """A floor and a bell around each of `centers`, `width` wide and `height` high."""

    floor: float
    centers: tuple[float, ...]
    width: float
    height: float

    def level(self, passed: Floats) -> Floats:
        """Activity where `passed` (0 to 1) of the day is over."""
        away = (passed[:, None] - np.array(self.centers)) / self.width
        bells: Floats = np.exp(-0.5 * away**2).sum(axis=1)
        return self.floor + self.height * bells


@dataclass(frozen=True, slots=True)
class CascadeLaws:
    """Price cascades: a family runs through a level where stops lie, and springs back in part.

    `depth_s` is the way in seconds of volatility, as for news; `rebound_share` of it comes back
    over `rebound_s`.
    """

    a_day: Law
    depth_s: Law
    duration_s: Law
    rebound_share: Law
    rebound_s: Law


@dataclass(frozen=True, slots=True)
class MarketLaws:
    """Laws of a market.

    News: a few releases that move every family, on the full minute as statistics offices publish
    them, and a few of each family's own at any second; `news_jump_s` is their size in seconds of
    volatility. After shared news activity rises by `news_boost` and decays. `step_degrees` are
    the degrees of freedom of Student's t for the price steps, None for normal steps.
    """

    shared_news_a_day: Law
    family_news_a_day: Law
    news_jump_s: Law
    day_shape: DayShape
    news_boost: float
    news_boost_decay_s: float
    step_degrees: float | None = None
    cascades: CascadeLaws | None = None


USUAL_MARKET = MarketLaws(
    shared_news_a_day=Uniform(1.5, 4.4),
    family_news_a_day=Uniform(0.5, 3.4),
    news_jump_s=LogNormal(30.0, 0.5, 8.0, 120.0),
    day_shape=UShape(noon_level=0.45),
    news_boost=3.0,
    news_boost_decay_s=45.0,
)
