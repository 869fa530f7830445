"""The spool: encoded orders on disk, read back in event order whatever order they came in.

Each batch is sorted and written as one run; reading merges the runs by cutting all of them at the
same instant. A run is read in blocks, the smaller the more runs overlap in time, so memory holds
a few batches however long the stream is and whatever order it came in. Rows are ordered by
(event_time_ns, sequence, event identity).
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from surveillance.errors import SpoolError

ROW = np.dtype(
    [
        ("event_time_ns", np.int64),
        ("sequence", np.int64),
        ("identity_high", np.uint64),
        ("identity_low", np.uint64),
        ("number", np.int64),
        ("quantity", np.float64),
        ("price", np.float64),
        ("account", np.int32),
        ("instrument", np.int32),
        ("side", np.int8),
        ("kind", np.int8),
    ],
    align=True,
)
NEW, STOP, CANCEL, REPLACE = 0, 1, 2, 3
"""Kinds of rows: a new order, a new order that waits for a stop price, a later event of one."""
ROWS_PER_BATCH = 262_144
_LEAST_BLOCK_ROWS = 1_024
_ORDER = ("event_time_ns", "sequence", "identity_high", "identity_low", "number")


class RowSource(Protocol):
    """Encoded rows, to be read in event order as often as needed."""

    def read(self) -> Iterator[NDArray[np.void]]:
        """Yield all rows in event order."""
        ...


class RowLog(RowSource, Protocol):
    """Where encoded rows are kept."""

    def append(self, rows: NDArray[np.void]) -> None:
        """Keep some rows."""
        ...


class Spool:
    """Sorted runs of encoded rows in a temporary directory, gone when closed."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="surveillance-")
        self._first_ns: list[int] = []
        self._last_ns: list[int] = []
        self._runs: list[Path] = []
        self.n_rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._directory.cleanup()

    @property
    def directory(self) -> Path:
        """Where the runs are kept, until the spool is closed."""
        return Path(self._directory.name)

    def append(self, rows: NDArray[np.void]) -> None:
        """Sort the rows and keep them as one run.

        Raises
        ------
        SpoolError
            If the disk is full.
        """
        if rows.size == 0:
            return
        in_order = rows[np.lexsort(tuple(rows[name] for name in reversed(_ORDER)))]
        path = self.directory / f"{len(self._runs):08d}"
        try:
            with path.open("wb") as file:
                file.write(in_order.data)
        except OSError as error:
            raise SpoolError(self._directory.name, error.strerror or str(error)) from error
        self._runs.append(path)
        self._first_ns.append(int(in_order["event_time_ns"][0]))
        self._last_ns.append(int(in_order["event_time_ns"][-1]))
        self.n_rows += rows.size

    def read(self, *, batch_rows: int = ROWS_PER_BATCH) -> Iterator[NDArray[np.void]]:
        """Yield all rows in event order; an instant is never cut unless it exceeds a batch."""
        block_rows = max(batch_rows // self._n_overlapping(), min(batch_rows, _LEAST_BLOCK_ROWS))
        waiting = sorted(range(len(self._runs)), key=lambda i: (self._first_ns[i], i))
        open_runs: list[_Run] = []
        while waiting or open_runs:
            open_runs = [run for run in open_runs if run.fill(block_rows)]
            while waiting and (
                not open_runs
                or self._first_ns[waiting[0]] <= min(run.last_loaded_ns for run in open_runs)
            ):
                run = _Run(self._runs[waiting.pop(0)])
                if run.fill(block_rows):
                    open_runs.append(run)
            if not open_runs:
                return
            cut_ns = min(run.last_loaded_ns for run in open_runs)
            if waiting:
                cut_ns = min(cut_ns, self._first_ns[waiting[0]] - 1)
            parts = [run.take_until(cut_ns) for run in open_runs]
            rows = np.concatenate(parts)
            if sum(part.size > 0 for part in parts) > 1:
                rows = rows[np.lexsort(tuple(rows[name] for name in reversed(_ORDER)))]
            if rows.size:
                yield rows

    def _n_overlapping(self) -> int:
        """Return the largest number of runs that share an instant, at least 1."""
        edges = sorted([(t, 0) for t in self._first_ns] + [(t, 1) for t in self._last_ns])
        most, now_open = 1, 0
        for _, closes in edges:
            now_open += -1 if closes else 1
            most = max(most, now_open)
        return most


class _Run:
    """One run being read: a loaded block whose last instant may go on in the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._block = np.empty(0, ROW)
        self._at_end = False

    @property
    def last_loaded_ns(self) -> int:
        """Latest instant that is loaded whole."""
        times = self._block["event_time_ns"]
        return int(times[-1]) if self._at_end else int(times[-1]) - 1

    def fill(self, block_rows: int) -> bool:
        """Load more where little is left; False when nothing is."""
        target = block_rows
        while not self._at_end and (
            self._block.size == 0 or self._block["event_time_ns"][0] > self.last_loaded_ns
        ):
            more = np.fromfile(self._path, ROW, count=target, offset=self._offset * ROW.itemsize)
            self._offset += more.size
            self._at_end = more.size < target
            self._block = np.concatenate([self._block, more])
            target *= 2  # one instant longer than a block
        return self._block.size > 0

    def take_until(self, cut_ns: int) -> NDArray[np.void]:
        """Return and drop the loaded rows up to `cut_ns`."""
        n = int(np.searchsorted(self._block["event_time_ns"], cut_ns, side="right"))
        taken, self._block = self._block[:n], self._block[n:]
        return taken
