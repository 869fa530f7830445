"""Episodes of a group: runs of different members' decisions in one key."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def number_episodes(
    order: NDArray[np.int64],
    key: NDArray[np.int64],
    event_time_ns: NDArray[np.int64],
    member: NDArray[np.int64],
    window_ns: int,
    number: NDArray[np.int64],
    last_episode: NDArray[np.int64],
) -> int:
    """Fill the episode of every row, taken in `order` (by key, then time); return how many.

    `member` counts from 0; `last_episode` has one place a member, all -1.
    """
    current, first_ns = -1, 0
    for i in range(order.size):
        row = order[i]
        if (
            i == 0
            or key[row] != key[order[i - 1]]
            or event_time_ns[row] - first_ns > window_ns
            or last_episode[member[row]] == current
        ):
            current += 1
            first_ns = event_time_ns[row]
        last_episode[member[row]] = current
        number[row] = current
    return current + 1
