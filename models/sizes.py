"""Sizes foretold: whether a follower trades the size that its ratio to the source asks for.

Each episode is foretold from all the others (leave one out: Stone 1974; as in the predictive
view of Dawid 1984, no size has a say in its own prediction).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.columns import DecisionColumns
from models.roles import Follower


@dataclass(frozen=True, slots=True)
class SizeMatch:
    """Whether sizes came as foretold, beside what other episodes' source sizes would foretell.

    `event` and `hit` have the shape (n_sized,), `by_chance` (n_rolls, n_sized).
    """

    event: NDArray[np.int64]
    hit: NDArray[np.bool_]
    by_chance: NDArray[np.bool_]


def match_sizes(follower: Follower, decisions: DecisionColumns, *, rolls: int) -> SizeMatch | None:
    """Compare a follower's sizes with ratio x the source's, rounded to what it can trade.

    Sizes are whole multiples of the follower's unit in the instrument, one at least: the greatest
    common divisor of the sizes it used there, so that ES lots are not expected in micros.

    Parameters
    ----------
    follower : Follower
        Whose decisions.
    decisions : DecisionColumns
        All decisions of the members, in event order.
    rolls : int
        Chance pairs each size with the source's sizes up to so many episodes before in its key.

    Returns
    -------
    SizeMatch or None
        None where sizes cannot tell: fewer than three known, or all equal on either side.
    """
    lots = decisions.quantity_lots
    sized = (lots[follower.source_row] > 0) & (lots[follower.own_row] > 0)
    source_row, own_row = follower.source_row[sized], follower.own_row[sized]
    source, own = lots[source_row], lots[own_row]
    if source.size < 3 or np.ptp(source) == 0 or np.ptp(own) == 0:
        return None
    unit = _units(own, decisions.instrument[own_row])
    ratio = _medians_of_others(own / source)
    return SizeMatch(
        event=source_row,
        hit=_is_foretold(own, ratio * source, unit),
        by_chance=_is_foretold(own, ratio * rolled(source, rolls), unit),
    )


def rolled(values: NDArray[np.int64], rolls: int) -> NDArray[np.int64]:
    """Return the values moved on by one place, two, and so on; shape (n_rolls, n), never in place.

    The last come first; fewer than `rolls` where there are no more places.
    """
    moves = np.arange(1, min(rolls, values.size - 1) + 1)
    moved: NDArray[np.int64] = values[(np.arange(values.size) - moves[:, None]) % values.size]
    return moved


def _units(own: NDArray[np.int64], instrument: NDArray[np.int32]) -> NDArray[np.int64]:
    unit = np.ones(own.size, np.int64)
    for code in np.unique(instrument):
        here = instrument == code
        unit[here] = np.gcd.reduce(own[here])
    return unit


def _medians_of_others(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each value the median of all the others."""
    n = values.size
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    place = np.arange(n)
    low, high = (n - 2) // 2, (n - 1) // 2
    medians = np.empty(n)
    medians[order] = (ranked[low + (place <= low)] + ranked[high + (place <= high)]) / 2.0
    return medians


def _is_foretold(
    own: NDArray[np.int64], wanted: NDArray[np.float64], unit: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark sizes that are the wanted one rounded, either way at a half, or one unit for less."""
    half = unit / 2.0
    foretold: NDArray[np.bool_] = (np.abs(own - wanted) <= half) | ((own == unit) & (wanted < half))
    return foretold
