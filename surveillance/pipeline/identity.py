"""Event identity: 128 bits for every order event, what duplicates and ties are decided by.

An event that carries an `event_id` is identified by it within its firm; one that does not, by its
canonical fields, and is never a duplicate. The bits are hashes, so the order they give among
events of one instant and sequence is arbitrary, but the same on every machine and in any arrival.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.kernels.hashing import hash_strings

_SEEDS = (np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344))  # digits of pi
_MIX = np.uint64(0x9E3779B97F4A7C15)

Identity = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def hash_texts(column: pa.Array) -> Identity:
    """Return two independent 64-bit hashes of each text; null hashes as the empty text."""
    strings = column.fill_null("")
    if strings.type != pa.string():
        strings = strings.cast(pa.string())
    hashes = np.empty(len(strings), np.uint64), np.empty(len(strings), np.uint64)
    if len(strings) == 0:
        return hashes
    _, offsets_buffer, data_buffer = strings.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int32)[
        strings.offset : strings.offset + len(strings) + 1
    ]
    data = (
        np.frombuffer(data_buffer, np.uint8)
        if data_buffer is not None and data_buffer.size
        else np.zeros(1, np.uint8)
    )
    for seed, out in zip(_SEEDS, hashes, strict=True):
        hash_strings(offsets, data, seed, out)
    return hashes


def mix(identity: Identity, *columns: NDArray[np.generic]) -> Identity:
    """Fold integer or float columns into an identity."""
    mixed = []
    for part in identity:
        h = part.copy()
        for column in columns:
            h = (h ^ np.ascontiguousarray(column).view(np.uint64)) * _MIX
            h ^= h >> np.uint64(31)
        mixed.append(h)
    return mixed[0], mixed[1]


def duplicate_rows(
    identity: Identity, order_by: tuple[NDArray[np.generic], ...]
) -> NDArray[np.int64]:
    """Return the rows that repeat an identity, all but the earliest by `order_by`, ascending."""
    first, second = identity
    order = np.argsort(first, kind="stable")
    suspects = np.zeros(first.size, np.bool_)
    same = np.flatnonzero(first[order][1:] == first[order][:-1])
    suspects[order[same]] = suspects[order[same + 1]] = True
    rows = np.flatnonzero(suspects)
    if rows.size == 0:
        return rows
    keys = tuple(column[rows] for column in reversed(order_by))
    rows = rows[np.lexsort((*keys, second[rows], first[rows]))]
    repeats = (first[rows][1:] == first[rows][:-1]) & (second[rows][1:] == second[rows][:-1])
    return np.sort(rows[1:][repeats])
