"""Event identity: 128 bits for every order event, what duplicates and ties are decided by.

An event that carries an `event_id` is identified by it within its firm; one that does not, by its
canonical fields, and is never a duplicate. The bits are hashes, so the order they give among
events of one instant and sequence is arbitrary, but the same on every machine and in any arrival.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.kernels.hashing import hash_strings
from surveillance.errors import SpoolError

_SEEDS = (np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344))  # digits of pi
_MIX = np.uint64(0x9E3779B97F4A7C15)

Identity = tuple[NDArray[np.uint64], NDArray[np.uint64]]

_N_PARTS = 64
_PART_SHIFT = np.uint64(58)  # the part of an identity: the top six bits
_RECORD = np.dtype(
    [
        ("identity_high", np.uint64),
        ("identity_low", np.uint64),
        ("event_time_ns", np.int64),
        ("sequence", np.int64),
        ("number", np.int64),
        ("fields", np.uint64),
        ("is_new", np.bool_),
    ]
)


class IdentityLog:
    """Identities of all events of a stream on disk, cut into parts by their first bits.

    Repeats share an identity and so a part: one part at a time is enough to find them, and memory
    does not grow with the stream.

    Parameters
    ----------
    directory : Path
        Where the parts go; the caller's to remove.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(
        self, rows: NDArray[np.void], fields: NDArray[np.uint64], is_new: NDArray[np.bool_]
    ) -> None:
        """Keep the identities of some rows of the spool.

        Raises
        ------
        SpoolError
            If the disk is full.
        """
        records = np.empty(rows.size, _RECORD)
        for name in ("identity_high", "identity_low", "event_time_ns", "sequence", "number"):
            records[name] = rows[name]
        records["fields"], records["is_new"] = fields, is_new
        part = (records["identity_high"] >> _PART_SHIFT).astype(np.int64)
        order = np.argsort(part, kind="stable")
        edges = np.searchsorted(part[order], np.arange(_N_PARTS + 1))
        try:
            for number in np.flatnonzero(np.diff(edges)):
                chosen = records[order[edges[number] : edges[number + 1]]]
                with self._path(int(number)).open("ab") as file:
                    file.write(chosen.data)
        except OSError as error:
            raise SpoolError(str(self._directory), error.strerror or str(error)) from error

    def repeats(self) -> tuple[NDArray[np.int64], int]:
        """Return the numbers of repeated events, ascending, and how many are new orders."""
        numbers, n_new = [np.empty(0, np.int64)], 0
        for part in range(_N_PARTS):
            if not self._path(part).exists():
                continue
            records = np.fromfile(self._path(part), _RECORD)
            columns = {name: np.ascontiguousarray(records[name]) for name in _RECORD.names or ()}
            rows = duplicate_rows(
                (columns["identity_high"], columns["identity_low"]),
                tuple(columns[n] for n in ("event_time_ns", "sequence", "fields", "number")),
            )
            numbers.append(columns["number"][rows])
            n_new += int(columns["is_new"][rows].sum())
        return np.sort(np.concatenate(numbers)), n_new

    def _path(self, part: int) -> Path:
        return self._directory / f"identities-{part:02d}"


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
