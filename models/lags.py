"""Lags of followers after their source, beside those that chance would give.

Chance is measured, not assumed: the same count with the source's decisions shifted by minutes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.columns import DecisionColumns
from models.params import SHIFTS_NS
from models.roles import Roles

_BINS_A_DECADE = 6
_FIRST_DECADE = -2  # 10 µs: a copier beside the venue's gateway takes tens of microseconds
_LAST_DECADE = 5  # 100 s, then to the look-back


@dataclass(frozen=True, slots=True)
class Lags:
    """Observed and expected number of lags in each bin; edges in milliseconds, first 0."""

    edges_ms: NDArray[np.float64]
    observed: NDArray[np.int64]
    expected: NDArray[np.float64]


def measure_lags(roles: Roles, decisions: DecisionColumns, *, look_back_ns: int) -> Lags:
    """Count every follower's first decision after each source decision, same family and side.

    Parameters
    ----------
    roles : Roles
        Source and followers; an inverse follower counts on the other side.
    decisions : DecisionColumns
        All decisions of the members, in event order.
    look_back_ns : int
        Longest lag counted.
    """
    last_ms = look_back_ns / 1e6
    steps = np.arange(_FIRST_DECADE * _BINS_A_DECADE, _LAST_DECADE * _BINS_A_DECADE + 1)
    inner = 10.0 ** (steps / _BINS_A_DECADE)
    edges = np.concatenate(([0.0], inner[inner < last_ms], [last_ms]))
    counts = [np.zeros((1 + len(SHIFTS_NS), edges.size - 1), np.int64)]
    keys = decisions.family.astype(np.int64) * 2 + decisions.side
    source_keys = keys[roles.source_rows]
    times_of_key = {
        int(key): decisions.event_time_ns[roles.source_rows[source_keys == key]]
        for key in np.unique(source_keys)
    }
    for follower in roles.followers:
        mine = np.flatnonzero(decisions.account == follower.account)
        for key, source in times_of_key.items():
            own_key = key ^ 1 if follower.inverse else key
            own = decisions.event_time_ns[mine[keys[mine] == own_key]]
            counts.append(_first_lags(source, own, edges))
    observed = np.sum([count[0] for count in counts], axis=0)
    by_chance = np.concatenate([count[1:] for count in counts])
    return Lags(edges, observed, (by_chance / len(SHIFTS_NS)).sum(axis=0))


def _first_lags(
    source: NDArray[np.int64], own: NDArray[np.int64], edges_ms: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the number of lags in each bin, shape (1 + n_shifts, n_bins): as they are, shifted.

    The last bin has both its edges.
    """
    asked = source + np.array((0, *SHIFTS_NS))[:, None]
    place = np.searchsorted(own, asked, "left")
    shift, row = np.nonzero(place < own.size)
    lags_ms = (own[place[shift, row]] - asked[shift, row]) / 1e6
    n_bins = edges_ms.size - 1
    bins = np.searchsorted(edges_ms, lags_ms, "right") - 1
    bins[lags_ms == edges_ms[-1]] = n_bins - 1
    counted = bins < n_bins
    cell = shift[counted] * n_bins + bins[counted]
    return np.bincount(cell, minlength=len(asked) * n_bins).reshape(len(asked), n_bins)
