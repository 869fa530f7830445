"""Rows let go as their event time comes, faster or slower than the market by a fixed factor."""

import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa

from surveillance.clock import monotonic_ns

_SHORTEST_WAIT_S = 0.005  # rows that come closer together go in one piece
_LONGEST_WAIT_S = 1.0  # so that an interrupt is answered


def paced(
    batches: Iterable[pa.RecordBatch],
    speed: float | None,
    *,
    clock_ns: Callable[[], int] = monotonic_ns,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of batches in pieces, none before its time.

    Parameters
    ----------
    batches : iterable of pa.RecordBatch
        With `event_time_ns`, in event order.
    speed : float or None
        Event seconds a second of the clock, above 0; None lets each batch go at once.
    clock_ns, wait : callable
        The clock, and how to pass some seconds of it.

    Yields
    ------
    pa.RecordBatch
        The rows in their order; the first goes at once and its time is where the clock starts.
    """
    if speed is None:
        yield from batches
        return
    first_ns: int | None = None
    start_ns = 0
    for batch in batches:
        times_ns = batch.column("event_time_ns").to_numpy()
        if first_ns is None and batch.num_rows:
            first_ns, start_ns = int(times_ns[0]), clock_ns()
        n_gone = 0
        while n_gone < batch.num_rows:
            reached_ns = (first_ns or 0) + int((clock_ns() - start_ns) * speed)
            n_due = int(np.searchsorted(times_ns, reached_ns, "right"))
            if n_due > n_gone:
                yield batch.slice(n_gone, n_due - n_gone)
                n_gone = n_due
            else:
                ahead_s = (int(times_ns[n_gone]) - reached_ns) / speed / 1e9
                wait(min(max(ahead_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S))
