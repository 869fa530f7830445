"""Sandwiches: decisions of one account that another encloses with two of its own."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def count_enclosed(
    bot_key: NDArray[np.int64],
    bot_ns: NDArray[np.int64],
    victim_key: NDArray[np.int64],
    victim_ns: NDArray[np.int64],
    near_ns: int,
    exit_ns: int,
) -> tuple[int, int]:
    """Return how many of the victim's decisions the bot acts near, and how many it encloses.

    It encloses one that it enters with before and leaves after, where the victim stays. Both
    accounts' decisions are sorted by key = 2 x family + side, then time.
    """
    n_near, n_enclosed = 0, 0
    for i in range(victim_ns.size):
        key, at = victim_key[i], victim_ns[i]
        enters = _acts(bot_key, bot_ns, key, at - near_ns, at)
        if not (
            enters
            or _acts(bot_key, bot_ns, key, at, at + near_ns)
            or _acts(bot_key, bot_ns, key ^ 1, at - near_ns, at + near_ns)
        ):
            continue
        n_near += 1
        if (
            enters
            and _acts(bot_key, bot_ns, key ^ 1, at, at + exit_ns)
            and not _acts(victim_key, victim_ns, key ^ 1, at, at + exit_ns)
        ):
            n_enclosed += 1
    return n_near, n_enclosed


@njit(cache=True, nogil=True)
def _acts(
    keys: NDArray[np.int64], times: NDArray[np.int64], key: int, after_ns: int, until_ns: int
) -> bool:
    """Whether a decision of the key lies in (after_ns, until_ns]."""
    low, high = 0, keys.size
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key or (keys[middle] == key and times[middle] <= after_ns):
            low = middle + 1
        else:
            high = middle
    return low < keys.size and keys[low] == key and times[low] <= until_ns
