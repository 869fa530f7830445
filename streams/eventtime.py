"""Event time of a stream: which events are late, up to when all are there, and their order.

A source is one firm in one partition: its events are late when they lag behind its own newest by
more than the allowed lateness; where it is new or was silent, behind the newest of the partition.
So a partition alone decides which of its events are late, and reading the same partitions again in
another interleaving calls the same events late, unless a partition was given up as idle. The
watermark is the time up to which every active source has come; what lies before it is released,
once, in event order.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Partition = tuple[str, int]
"""Topic and number of a partition."""

NO_TIME_NS = -(2**62)
_NO_SEQUENCE = -1
_TIE_COLUMNS = ("event_id", "account_id", "instrument_id", "side", "event_type", "quantity")


@dataclass(frozen=True, slots=True)
class Timeliness:
    """Of each event, shape (n_events,): whether it is late, and too old to know its repeats."""

    is_late: NDArray[np.bool_]
    is_forgotten: NDArray[np.bool_]


class EventClock:
    """The newest event of every source, and the watermark over all of them.

    Parameters
    ----------
    allowed_lateness_ns : int
        How far an event may lag behind the newest of its source.
    silent_ns : int
        A firm this far behind the newest event of its partition holds nobody up.
    memory_ns : int
        Repeats are known for events that lag at most this far behind.
    """

    def __init__(self, *, allowed_lateness_ns: int, silent_ns: int, memory_ns: int) -> None:
        self._lateness_ns = allowed_lateness_ns
        self._silent_ns = silent_ns
        self._memory_ns = memory_ns
        self._newest: dict[Partition, dict[str, int]] = {}
        self.watermark_ns = NO_TIME_NS

    @property
    def newest_ns(self) -> int:
        """Return the newest event time of all sources, `NO_TIME_NS` before the first."""
        return max(
            (newest for firms in self._newest.values() for newest in firms.values()),
            default=NO_TIME_NS,
        )

    def partitions(self) -> frozenset[Partition]:
        """Return the partitions that have shown events."""
        return frozenset(self._newest)

    def observe(
        self, partition: Partition, firms: pa.Array, event_time_ns: NDArray[np.int64]
    ) -> Timeliness:
        """Take the next events of a partition, in the order of their offsets.

        Parameters
        ----------
        partition : Partition
            Where they come from.
        firms : pa.Array of string, shape (n_events,)
            Whose they are; null is a firm of its own.
        event_time_ns : ndarray of int64, shape (n_events,)
            When they happened, UTC nanoseconds.
        """
        known = self._newest.setdefault(partition, {})
        of_all = _newest_before(max(known.values(), default=NO_TIME_NS), event_time_ns)
        before = np.empty(event_time_ns.size, np.int64)
        codes = firms.fill_null("").dictionary_encode()
        code = codes.indices.to_numpy(zero_copy_only=False)
        for number, firm in enumerate(codes.dictionary.to_pylist()):
            rows = np.flatnonzero(code == number)
            own = _newest_before(known.get(firm, NO_TIME_NS), event_time_ns[rows])
            before[rows] = _lifted(own, of_all[rows], self._silent_ns)
            known[firm] = max(int(before[rows[-1]]), int(event_time_ns[rows[-1]]))
        return Timeliness(
            is_late=event_time_ns < np.maximum(before - self._lateness_ns, self.watermark_ns),
            is_forgotten=event_time_ns < np.maximum(before, self.watermark_ns) - self._memory_ns,
        )

    def advance(self, *, idle: Collection[Partition], unread: Collection[Partition]) -> int:
        """Move the watermark as far as it goes and return it.

        Parameters
        ----------
        idle : collection of Partition
            Read to their end, with nothing new for a while: they hold nobody up. Where all are
            idle, everything that came is released.
        unread : collection of Partition
            Not yet read to their end: where one of them has shown no event, nothing is known.
        """
        if any(not self._newest.get(partition) for partition in unread):
            return self.watermark_ns
        active = [firms for p, firms in self._newest.items() if firms and p not in idle]
        if active:
            reached = min(map(self._reached, active)) - self._lateness_ns
        elif self._newest:
            reached = self.newest_ns + 1
        else:
            return self.watermark_ns
        self.watermark_ns = max(self.watermark_ns, reached)
        return self.watermark_ns

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain JSON types."""
        return {
            "watermark_ns": self.watermark_ns,
            "newest": [[topic, n, firms] for (topic, n), firms in sorted(self._newest.items())],
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned."""
        self.watermark_ns = snapshot["watermark_ns"]
        self._newest = {(topic, n): dict(firms) for topic, n, firms in snapshot["newest"]}

    def _reached(self, firms: dict[str, int]) -> int:
        newest = max(firms.values())
        return min(time for time in firms.values() if time >= newest - self._silent_ns)


def _newest_before(first_ns: int, event_time_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the newest time that came before each event."""
    return np.maximum.accumulate(np.append(first_ns, event_time_ns))[:-1]


def _lifted(own: NDArray[np.int64], of_all: NDArray[np.int64], silent_ns: int) -> NDArray[np.int64]:
    """Return the newest time of a firm before each of its events, as others have come without it.

    Where it was silent it takes the newest of the partition and goes on from there.
    """
    lifted = own.copy()
    silent = np.flatnonzero(own < of_all - silent_ns)
    number = 0
    while number < silent.size:
        start = silent[number]
        end = np.searchsorted(of_all, of_all[start] + silent_ns, side="right")
        lifted[start:end] = np.maximum(own[start:end], of_all[start])
        number = np.searchsorted(silent, end)
    return lifted


class ReorderBuffer:
    """Events that wait for the watermark.

    Parameters
    ----------
    schema : pa.Schema
        Of the batches; holds `event_time_ns` and `sequence`.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._waiting = schema.empty_table()

    def __len__(self) -> int:
        return int(self._waiting.num_rows)

    @property
    def first_ns(self) -> int | None:
        """Return the time of the first event that waits, None where none does."""
        first: int | None = pc.min(self._waiting.column("event_time_ns")).as_py()
        return first

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep a batch until its events are due."""
        waiting = pa.Table.from_batches([batch])
        self._waiting = pa.concat_tables([self._waiting, waiting])

    def release(self, before_ns: int) -> pa.RecordBatch:
        """Return and drop the events before a time, in event order."""
        due = pc.less(self._waiting.column("event_time_ns"), before_ns)
        released = self._waiting.filter(due).combine_chunks()
        self._waiting = self._waiting.filter(pc.invert(due))
        return in_event_order(released)


def in_event_order(events: pa.Table) -> pa.RecordBatch:
    """Return the events as one batch by (event_time_ns, sequence, event_id).

    Events that agree even in that are told apart by what else they say, so that the order in
    which they came decides nothing.
    """
    batch = events.to_batches()[0] if events.num_rows else _empty(events.schema)
    times = batch.column("event_time_ns").to_numpy()
    sequence = batch.column("sequence").fill_null(_NO_SEQUENCE).to_numpy()
    order = np.lexsort((sequence, times))
    same = (np.diff(times[order]) == 0) & (np.diff(sequence[order]) == 0)
    if same.any():
        keys = [(name, "ascending") for name in _TIE_COLUMNS]
        ties = batch.select(_TIE_COLUMNS)
        rank = np.empty(batch.num_rows, np.int64)
        rank[pc.sort_indices(ties, sort_keys=keys).to_numpy()] = np.arange(batch.num_rows)
        order = np.lexsort((rank, sequence, times))
    return batch.take(pa.array(order))


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch([pa.array([], field.type) for field in schema], schema=schema)
