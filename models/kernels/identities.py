"""A set of 128-bit identities: open addressing, filled in order."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def note_identities(
    high: NDArray[np.uint64],
    low: NDArray[np.uint64],
    time_ns: NDArray[np.int64],
    table_high: NDArray[np.uint64],
    table_low: NDArray[np.uint64],
    table_time_ns: NDArray[np.int64],
    is_repeat: NDArray[np.bool_],
) -> int:
    """Mark which identities are in the table already, enter the others; return how many.

    The table has a power of two of places and room for all; a place is free where both halves
    are 0, which no identity is.
    """
    mask = np.uint64(table_high.size - 1)
    n_new = 0
    for i in range(high.size):
        place = high[i] & mask
        while True:
            if table_high[place] == high[i] and table_low[place] == low[i]:
                is_repeat[i] = True
                break
            if table_high[place] == 0 and table_low[place] == 0:
                table_high[place] = high[i]
                table_low[place] = low[i]
                table_time_ns[place] = time_ns[i]
                is_repeat[i] = False
                n_new += 1
                break
            place = (place + np.uint64(1)) & mask
    return n_new
