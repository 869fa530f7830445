"""Encoded rows in memory: the newest of a stream, read whole or those of a few accounts."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from streams.eventtime import NO_TIME_NS
from surveillance.pipeline.spool import ROW

_ROWS_PER_PART = 65_536


class RecentRows:
    """Encoded rows in memory, in event order; those too far back are forgotten.

    Parameters
    ----------
    memory_ns : int
        How far back, in event time.
    """

    def __init__(self, memory_ns: int) -> None:
        self._memory_ns = memory_ns
        self._parts: list[_Part] = []

    @property
    def n_bytes(self) -> int:
        """Memory that the rows hold."""
        return sum(part.n_bytes for part in self._parts)

    @property
    def oldest_ns(self) -> int:
        """Earliest time that is remembered; everything before the first row."""
        return self._parts[-1].last_ns - self._memory_ns if self._parts else NO_TIME_NS

    def append(self, rows: NDArray[np.void]) -> None:
        """Keep rows that follow the others in time."""
        while rows.size:
            if not self._parts or self._parts[-1].is_full:
                self._parts.append(_Part())
            rows = self._parts[-1].append(rows)
        while len(self._parts) > 1 and self._parts[0].last_ns < self.oldest_ns:
            del self._parts[0]

    def read(self) -> Iterator[NDArray[np.void]]:
        """Yield the rows that are remembered, in event order."""
        for part in self._parts:
            yield self._remembered(part.rows)

    def of(self, accounts: NDArray[np.integer]) -> "ChosenRows":
        """Return the rows that are remembered of some accounts, by the codes in the rows."""
        chosen = [self._remembered(part.of(accounts)) for part in self._parts]
        return ChosenRows(np.concatenate(chosen) if chosen else np.empty(0, ROW))

    def _remembered(self, rows: NDArray[np.void]) -> NDArray[np.void]:
        return rows[np.searchsorted(rows["event_time_ns"], self.oldest_ns) :]


class ChosenRows:
    """Rows in event order, read as they are."""

    def __init__(self, rows: NDArray[np.void]) -> None:
        self._rows = rows

    def read(self) -> Iterator[NDArray[np.void]]:
        """Yield all rows."""
        yield self._rows


class _Part:
    """Some consecutive rows; once full, an index finds those of an account."""

    def __init__(self) -> None:
        self._buffer = np.empty(_ROWS_PER_PART, ROW)
        self._account = np.empty(_ROWS_PER_PART, np.int32)
        self._n = 0
        self._by_account: NDArray[np.intp] | None = None

    @property
    def rows(self) -> NDArray[np.void]:
        return self._buffer[: self._n]

    @property
    def last_ns(self) -> int:
        return int(self._buffer["event_time_ns"][self._n - 1])

    @property
    def is_full(self) -> bool:
        return self._n == _ROWS_PER_PART

    @property
    def n_bytes(self) -> int:
        index_bytes = 0 if self._by_account is None else self._by_account.nbytes
        return self._buffer.nbytes + self._account.nbytes + index_bytes

    def append(self, rows: NDArray[np.void]) -> NDArray[np.void]:
        """Take what there is room for and return the rest."""
        taken = rows[: _ROWS_PER_PART - self._n]
        end = self._n + taken.size
        self._buffer[self._n : end] = taken
        self._account[self._n : end] = taken["account"]
        self._n = end
        return rows[taken.size :]

    def of(self, accounts: NDArray[np.integer]) -> NDArray[np.void]:
        """Return the rows of some accounts, in event order."""
        if not self.is_full:
            return self.rows[np.isin(self._account[: self._n], accounts)]
        if self._by_account is None:
            self._by_account = np.argsort(self._account, kind="stable")
            self._account = self._account[self._by_account]
        starts = np.searchsorted(self._account, accounts, "left")
        ends = np.searchsorted(self._account, accounts, "right")
        places = [self._by_account[start:end] for start, end in zip(starts, ends, strict=True)]
        return self._buffer[np.sort(np.concatenate(places))]
