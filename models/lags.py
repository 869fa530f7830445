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
    observed = np.zeros(edges.size - 1)
    expected = np.zeros(edges.size - 1)
    keys = decisions.family.astype(np.int64) * 2 + decisions.side
    for follower in roles.followers:
        mine = np.flatnonzero(decisions.account == follower.account)
        for key in np.unique(keys[roles.source_rows]):
            source = decisions.event_time_ns[roles.source_rows[keys[roles.source_rows] == key]]
            own_key = key ^ 1 if follower.inverse else key
            own = decisions.event_time_ns[mine[keys[mine] == own_key]]
            observed += _first_lags(source, own, edges)
            for shift in SHIFTS_NS:
                expected += _first_lags(source + shift, own, edges) / len(SHIFTS_NS)
    return Lags(edges, observed.astype(np.int64), expected)


def _first_lags(
    source: NDArray[np.int64], own: NDArray[np.int64], edges_ms: NDArray[np.float64]
) -> NDArray[np.float64]:
    place = np.searchsorted(own, source, "left")
    found = place < own.size
    lags_ms = (own[place[found]] - source[found]) / 1e6
    return np.histogram(lags_ms, edges_ms)[0].astype(np.float64)
