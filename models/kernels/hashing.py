"""Hashes of texts in an Arrow column."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def hash_strings(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    seed: np.uint64,
    hashes: NDArray[np.uint64],
) -> None:
    """Fill a 64-bit hash of every string of an Arrow string column (FNV-1a, then mixed)."""
    for i in range(hashes.size):
        h = np.uint64(0xCBF29CE484222325) ^ seed
        for j in range(offsets[i], offsets[i + 1]):
            h = (h ^ np.uint64(data[j])) * np.uint64(0x100000001B3)
        h ^= h >> np.uint64(29)
        h *= np.uint64(0xBF58476D1CE4E5B9)
        h ^= h >> np.uint64(32)
        hashes[i] = h
