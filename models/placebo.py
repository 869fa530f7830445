"""The placebo: crossings by ghosts of the leaders' decisions, against their bound.

Ghosts of A's decisions, shifted by minutes to a day, keep A's habits and lose any copying. Their
crossings of the threshold for v are what chance and shared habits give; summed over the shifts
they must stay at or below the 99% Poisson quantile of shifts x v (method, section 2).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import pdtr

from models.columns import PairEvidence
from models.evidence import ln_threshold
from models.params import PlaceboParams


@dataclass(frozen=True, slots=True)
class PlaceboCount:
    """Crossings at one tolerated level, summed over the shifts."""

    tolerated: float
    crossings: int
    expected: float
    bound: int
    by_shift: dict[int, int]

    @property
    def within_bound(self) -> bool:
        """Whether the measured false-flag rate agrees with the stated one."""
        return self.crossings <= self.bound


def threshold_raise(ghosts: Mapping[int, PairEvidence], *, m: int, params: PlaceboParams) -> float:
    """Return by how much ln T must rise for the crossings to keep their bound, mostly 0.

    The threshold rises to just above the ghost that is one too many at some tolerated level.

    Parameters
    ----------
    ghosts, m, params
        As for `count_placebo`.
    """
    found = [pairs.ln_e for pairs in ghosts.values()]
    ln_e = -np.sort(-np.concatenate([np.empty(0), *found]))
    raises = [0.0]
    for tolerated in params.tolerated:
        bound = poisson_quantile(params.bound_quantile, len(ghosts) * tolerated)
        if bound < ln_e.size:
            needed = float(np.nextafter(ln_e[bound], np.inf))
            raises.append(needed - ln_threshold(m, tolerated))
    return max(raises)


def count_placebo(
    ghosts: Mapping[int, PairEvidence], *, m: int, params: PlaceboParams, raised: float = 0.0
) -> tuple[PlaceboCount, ...]:
    """Count the crossings of each tolerated level.

    Parameters
    ----------
    ghosts : mapping of shift_ns to PairEvidence
        Evidence of each placebo run; a shift longer than the data is left out by the caller.
    m : int
        Number of tests of the real run.
    params : PlaceboParams
        Levels and quantile.
    raised : float
        By how much every ln threshold is raised.
    """
    counts = []
    for tolerated in params.tolerated:
        threshold = ln_threshold(m, tolerated) + raised
        by_shift = {
            shift: int(np.count_nonzero(pairs.ln_e >= threshold)) for shift, pairs in ghosts.items()
        }
        expected = len(by_shift) * tolerated
        counts.append(
            PlaceboCount(
                tolerated=tolerated,
                crossings=sum(by_shift.values()),
                expected=expected,
                bound=poisson_quantile(params.bound_quantile, expected),
                by_shift=by_shift,
            )
        )
    return tuple(counts)


def poisson_quantile(level: float, mean: float) -> int:
    """Return the smallest count that a Poisson variable stays at or below with this probability.

    Examples
    --------
    >>> poisson_quantile(0.99, 4.0)
    9
    """
    count = 0
    while pdtr(count, mean) < level:
        count += 1
    return count
