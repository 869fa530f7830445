"""Runs of an account's decisions, thinned to one each."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def thin_runs(
    account: NDArray[np.int32],
    event_time_ns: NDArray[np.int64],
    source: NDArray[np.int64],
    window_ns: int,
    last_source: NDArray[np.int64],
    last_ns: NDArray[np.int64],
    kept: NDArray[np.bool_],
) -> None:
    """Mark one decision of each account near each source decision, and one a window elsewhere.

    `source` says which source decision a row lies near, -1 for none. `last_source` and `last_ns`
    have one place an account: -1, and a time long ago.
    """
    for i in range(account.size):
        who = account[i]
        if source[i] >= 0:
            kept[i] = source[i] != last_source[who]
            last_source[who] = source[i]
        elif event_time_ns[i] - last_ns[who] > window_ns:
            kept[i] = True
            last_ns[who] = event_time_ns[i]
