"""Stop cascades in the price: where a family runs through a level and takes the stops there.

They are drawn from a random stream of their own and added to a finished path, so that a market
without them is the same market.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from streams.simulator.instruments import FAMILIES
from streams.simulator.laws import Floats, Ints, draw_counts, repeat_rows
from streams.simulator.market_laws import CascadeLaws

# No cascade in the first ten minutes, so that there are positions to stop, or the last fifteen.
_QUIET_START_S = 600
_QUIET_END_S = 900


@dataclass(frozen=True, slots=True)
class Cascades:
    """Columns of the cascades, by family, then time.

    `second` counts from the first day's opening in seconds of trading, `duration_s` lasts the
    run; `direction` is the way of the price, `depth_ticks` how far it runs.
    """

    second: Ints
    family: Ints
    direction: Ints
    duration_s: Ints
    depth_ticks: Ints

    def __len__(self) -> int:
        """Return the number of cascades."""
        return len(self.second)


def no_cascades() -> Cascades:
    """Cascades of a market without any."""
    return Cascades(*(np.zeros(0, dtype=np.int64) for _ in range(5)))


def draw_cascades(
    laws: CascadeLaws, n_days: int, day_seconds: int, rng: Generator
) -> tuple[Cascades, Floats]:
    """Draw the cascades and what they add to the price.

    Parameters
    ----------
    laws : CascadeLaws
        How often and how far.
    n_days : int
        Trading days.
    day_seconds : int
        Seconds of a trading day.
    rng : Generator
        The source of randomness.

    Returns
    -------
    tuple of Cascades and Floats
        The cascades, and the ticks to add to the path, shape (n_families, n_days * day_seconds).
    """
    family_day = repeat_rows(draw_counts(laws.a_day, rng, len(FAMILIES) * n_days))
    family, day = family_day // n_days, family_day % n_days
    n = len(family)
    start = rng.integers(_QUIET_START_S, day_seconds - _QUIET_END_S, n) + day * day_seconds
    order = np.lexsort((start, family))
    family, start = family[order], start[order]
    volatility = np.array([spec.volatility_ticks for spec in FAMILIES])[family]
    depth = np.maximum(np.rint(laws.depth_s.draw(rng, n) * volatility), 2)
    duration = np.maximum(draw_counts(laws.duration_s, rng, n), 1)
    direction = rng.integers(0, 2, n) * 2 - 1
    rebound = depth * laws.rebound_share.draw(rng, n)
    rebound_s = np.maximum(draw_counts(laws.rebound_s, rng, n), 1)
    steps = np.zeros((len(FAMILIES), n_days * day_seconds + 1))
    # The rebound goes on over night if it must: the path ends before it does.
    turn = np.minimum(start + duration, steps.shape[1] - 1)
    end = np.minimum(turn + rebound_s, steps.shape[1] - 1)
    fall, rise = direction * depth / duration, -direction * rebound / rebound_s
    np.add.at(steps, (family, start), fall)
    np.add.at(steps, (family, turn), rise - fall)
    np.add.at(steps, (family, end), -rise)
    added = np.cumsum(np.cumsum(steps, axis=1), axis=1)[:, :-1]
    cascades = Cascades(start, family, direction, duration, depth.astype(np.int64))
    return cascades, added
