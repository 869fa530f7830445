"""Counts of the label-exchange test in one key: who acts near the source, by stratum."""

from math import floor, log2

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MINUTE_NS = 60 * 10**9

_Counts = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


@njit(cache=True, nogil=True)
def count_near(
    own_ns: NDArray[np.int64],
    source_ns: NDArray[np.int64],
    strangers_ns: NDArray[np.int64],
    windows_ns: NDArray[np.int64],
    bin_ns: int,
    burst_ns: int,
    phase_ns: int,
    n_levels: int,
) -> _Counts:
    """Count the decisions of the bins in which a follower acts; all times ascend.

    A stratum is a bin, the local intensity there and the clock phase: it looks at times alone,
    whoever acted then. A component is a window after the source's newest decision, or either side
    of any of its decisions: first those after it, in the order of the windows.

    Returns
    -------
    own, everyone : ndarray of int64, shape (n_strata,)
        The follower's decisions and all.
    near : ndarray of int64, shape (n_components, n_strata)
        All decisions near the source's.
    hits : ndarray of int64, shape (n_components,)
        The follower's near the source's.
    """
    times, is_own = _company(own_ns, strangers_ns, bin_ns)
    stratum = _strata(times, bin_ns, burst_ns, phase_ns, n_levels)
    n_strata, n_windows = stratum.max() + 1, windows_ns.size
    own, everyone = np.zeros(n_strata, np.int64), np.zeros(n_strata, np.int64)
    near = np.zeros((2 * n_windows, n_strata), np.int64)
    hits = np.zeros(2 * n_windows, np.int64)
    n_until = 0
    for i in range(times.size):
        time, at = times[i], stratum[i]
        own[at] += is_own[i]
        everyone[at] += 1
        while n_until < source_ns.size and source_ns[n_until] <= time:
            n_until += 1
        for w in range(n_windows):
            after = n_until > 0 and time - source_ns[n_until - 1] <= windows_ns[w]
            before = n_until < source_ns.size and source_ns[n_until] - time <= windows_ns[w]
            if after:
                near[w, at] += 1
                hits[w] += is_own[i]
            if after or before:
                near[n_windows + w, at] += 1
                hits[n_windows + w] += is_own[i]
    return own, everyone, near, hits


@njit(cache=True, nogil=True)
def _company(
    own_ns: NDArray[np.int64], strangers_ns: NDArray[np.int64], bin_ns: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the decisions of the bins that the follower acts in, and which are its own."""
    times = np.empty(own_ns.size + strangers_ns.size, np.int64)
    is_own = np.zeros(times.size, np.bool_)
    n, i, stranger = 0, 0, 0
    while i < own_ns.size:
        start = own_ns[i] // bin_ns * bin_ns
        end = start + bin_ns
        stranger += np.searchsorted(strangers_ns[stranger:], start)
        while True:
            has_own = i < own_ns.size and own_ns[i] < end
            has_stranger = stranger < strangers_ns.size and strangers_ns[stranger] < end
            if has_own and not (has_stranger and strangers_ns[stranger] < own_ns[i]):
                times[n], is_own[n] = own_ns[i], True
                i += 1
            elif has_stranger:
                times[n] = strangers_ns[stranger]
                stranger += 1
            else:
                break
            n += 1
    return times[:n], is_own[:n]


@njit(cache=True, nogil=True)
def _strata(
    times: NDArray[np.int64], bin_ns: int, burst_ns: int, phase_ns: int, n_levels: int
) -> NDArray[np.int64]:
    """Return the stratum of each decision: bin, local intensity, clock phase."""
    stratum = np.empty(times.size, np.int64)
    part, low, high, end = -1, 0, 0, 0
    usual = 0.0
    for i in range(times.size):
        if i == end:
            part += 1
            while end < times.size and times[end] // bin_ns == times[i] // bin_ns:
                end += 1
            usual = (end - i) * (2.0 * burst_ns / bin_ns)
        while times[low] < times[i] - burst_ns:
            low += 1
        while high < times.size and times[high] <= times[i] + burst_ns:
            high += 1
        level = floor(1.5 * log2((high - low + 1.0) / (usual + 1.0)) + 1.0)
        level = min(max(level, 0), n_levels - 1)
        phase = int(times[i] % _MINUTE_NS < phase_ns)
        stratum[i] = (part * n_levels + level) * 2 + phase
    return stratum
