"""Window counts of identical orders: how many accounts show one fingerprint against its share.

Marks are sorted by (fingerprint, event order); every mark closes one window a width. Two pointers
a fingerprint walk its marks once, so a pass costs a few operations a mark. The tail is bounded by
exp(-T KL(K/T || p)) (Hoeffding 1963, theorems 1 and 4): no special function, rounded to the safe
side (docs/method.md, 6).
"""

from typing import TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Windows: TypeAlias = tuple[
    NDArray[np.float64], NDArray[np.int8], NDArray[np.int64], NDArray[np.float64]
]
"""ln p, width, first mark and accounts by chance of the best window of each mark."""


@njit(cache=True, nogil=True)
def ln_tail_bound(
    hits: float, trials: float, others: float, other_trials: float, drift: float
) -> float:
    """Bound ln P(at least `hits` of hits + others fall among `trials`), at most 0.

    Given how many hits there are, each falls among the window's trials rather than the other ones
    with odds of at most drift x trials : other_trials.
    """
    if hits <= 0.0 or other_trials <= 0.0:
        return 0.0
    total = hits + others
    share = drift * trials / (drift * trials + other_trials)
    seen = hits / total
    if seen <= share:
        return 0.0
    bound: float = seen * np.log(seen / share)
    if seen < 1.0:
        bound += (1.0 - seen) * np.log((1.0 - seen) / (1.0 - share))
    return -total * bound


@njit(cache=True, nogil=True)
def window_starts(
    event_time_ns: NDArray[np.int64], window_ns: int, start: NDArray[np.int64]
) -> None:
    """Fill the first row inside (time - window_ns, time] for each row; times do not fall."""
    first = 0
    for row in range(event_time_ns.size):
        while event_time_ns[first] <= event_time_ns[row] - window_ns:
            first += 1
        start[row] = first


@njit(cache=True, nogil=True)
def count_paces(
    event_time_ns: NDArray[np.int64],
    mark: NDArray[np.int64],
    label: NDArray[np.int64],
    pace_ns: int,
    paces: NDArray[np.int64],
) -> None:
    """Give marks of one fingerprint in one pace of time one number, ascending."""
    for i in range(mark.size):
        if i == 0:
            paces[i] = 0
            continue
        apart = event_time_ns[mark[i]] // pace_ns != event_time_ns[mark[i - 1]] // pace_ns
        paces[i] = paces[i - 1] + (label[i] != label[i - 1] or apart)


@njit(cache=True, nogil=True)
def scan_against_past(
    start: NDArray[np.int64],
    mark: NDArray[np.int64],
    label: NDArray[np.int64],
    paces: NDArray[np.int64],
    alike: NDArray[np.int64],
    window: int,
    recent: int,
    recent_widths: int,
    bar: float,
    drift: float,
    least: int,
    out: Windows,
) -> None:
    """Test the window that each mark closes against its fingerprint's share of earlier trials.

    `mark` holds the trial of each mark, `start` the first trial of the window that a trial closes.
    The closing mark is given. The past is everything before the window or its last `recent` trials
    (`recent_widths` times the window's where those are more), whichever says less; while windows
    that reach `bar` overlap, it stays that of the first of them, or a long run would be its own
    excuse. `alike` counts, before each trial and after the last, the trials that stand for the
    mark in the past; where it is empty, the marks of the same label do. Rows of `out` change where
    the bound is the smallest so far.
    """
    best, width, opening, expected = out
    begin = first = before = 0
    running_to, frozen = -1, 0
    for i in range(mark.size):
        if i > 0 and label[i] != label[i - 1]:
            begin = first = before = i
            running_to = -1
        opens = start[mark[i]]
        while mark[first] < opens:
            first += 1
        past = frozen if running_to >= first else opens
        while mark[before] < past:
            before += 1
        n_accounts = paces[i] - paces[first] + 1
        if n_accounts < least:
            continue
        hits, trials = n_accounts - 1.0, float(mark[i] - opens)
        since = max(past - max(recent, recent_widths * (mark[i] - opens)), 0)
        if alike.size > 0:
            n_whole, n_fresh = alike[past], alike[past] - alike[since]
        else:
            oldest = begin + np.searchsorted(mark[begin : i + 1], since)
            n_whole, n_fresh = before - begin, before - oldest
        whole = ln_tail_bound(hits, trials, float(n_whole), float(past), drift)
        fresh = ln_tail_bound(hits, trials, float(n_fresh), float(past - since), drift)
        bound = max(whole, fresh)
        if bound < best[i]:
            best[i] = bound
            width[i] = window
            opening[i] = first
            share = max(n_whole / past, n_fresh / (past - since))
            expected[i] = share * (trials + 1.0)
        if bound <= bar:
            frozen = past
            running_to = i


@njit(cache=True, nogil=True)
def scan_against_present(
    event_time_ns: NDArray[np.int64],
    start: NDArray[np.int64],
    mark: NDArray[np.int64],
    label: NDArray[np.int64],
    price: NDArray[np.int64],
    control_ns: NDArray[np.int64],
    price_first: NDArray[np.int64],
    price_ns: NDArray[np.int64],
    window: int,
    window_ns: int,
    drift: float,
    least: int,
    out: Windows,
) -> None:
    """Test the window that each mark closes against other accounts' orders in the same window.

    `price` is the price code of each mark. `control_ns` are the times of all control orders;
    those at price c are price_ns[price_first[c] : price_first[c + 1]].
    """
    best, width, opening, expected = out
    first = 0
    for i in range(mark.size):
        if i > 0 and label[i] != label[i - 1]:
            first = i
        opens = start[mark[i]]
        while mark[first] < opens:
            first += 1
        if i - first + 1 < least:
            continue
        until = event_time_ns[mark[i]]
        after = until - window_ns
        at_price = price_ns[price_first[price[i]] : price_first[price[i] + 1]]
        others = np.searchsorted(at_price, until, "right")
        others -= np.searchsorted(at_price, after, "right")
        n_control = np.searchsorted(control_ns, until, "right")
        n_control -= np.searchsorted(control_ns, after, "right")
        trials = float(mark[i] - opens)
        bound = ln_tail_bound(float(i - first), trials, float(others), float(n_control), drift)
        if bound < best[i]:
            best[i] = bound
            width[i] = window
            opening[i] = first
            expected[i] = others / n_control * (trials + 1.0)
