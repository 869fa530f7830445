"""The journal: every accepted event of a stream, and the same events as what a scan reads."""

import hashlib
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from streams.tables import ORDER_SCHEMA
from surveillance.pipeline.identity import hash_texts, mix
from surveillance.store.live import Segment

LATE = "late"
"""Column of the journal: the event came too late to be judged live."""
_SCHEMA = ORDER_SCHEMA.append(pa.field(LATE, pa.bool_()))
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


def write_segment(on_time: list[pa.RecordBatch], late: list[pa.RecordBatch]) -> Segment | None:
    """Return accepted events as a segment of the journal, None where there are none."""
    parts = [
        batch.append_column(pa.field(LATE, pa.bool_()), pa.repeat(is_late, batch.num_rows))
        for batches, is_late in ((on_time, False), (late, True))
        for batch in batches
        if batch.num_rows
    ]
    if not parts:
        return None
    table = pa.Table.from_batches(parts, schema=_SCHEMA).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _SCHEMA, options=_OPTIONS) as writer:
        writer.write_table(table)
    span = pc.min_max(table.column("event_time_ns")).as_py()
    return Segment(sink.getvalue().to_pybytes(), span["min"], span["max"], table.num_rows)


def read_segment(content: bytes) -> pa.RecordBatch:
    """Return the events of a segment, in the order of acceptance."""
    with pa.ipc.open_stream(content) as reader:
        table = reader.read_all().combine_chunks()
    return table.to_batches()[0]


def on_time_events(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the events that are judged live, in the contract's columns."""
    return batch.filter(pc.invert(batch.column(LATE))).select(ORDER_SCHEMA.names)


class JournalSource:
    """The journal up to a time, as a scan reads it.

    Parameters
    ----------
    stream : str
        Name of the stream.
    segments : callable
        Returns the segments that may hold events before the end.
    tables : mapping of str to pa.Table
        Reference tables by name.
    before_ns : int
        End of the time, exclusive, UTC nanoseconds.
    with_late : bool
        Also the events that came too late to be judged live.
    """

    def __init__(
        self,
        stream: str,
        segments: Callable[[], Iterator[bytes]],
        tables: Mapping[str, pa.Table],
        *,
        before_ns: int,
        with_late: bool = False,
    ) -> None:
        self._stream = stream
        self._segments = segments
        self._tables = tables
        self._before_ns = before_ns
        self._with_late = with_late

    @property
    def shown(self) -> str:
        """Name of the orders' source in messages."""
        return f"journal of {self._stream}"

    @property
    def n_order_bytes(self) -> int:
        """Unknown before it is read."""
        return 0

    def order_batches(
        self, *, latest_time_ns: int, on_progress: Callable[[int], None] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the events before the end, in the order of acceptance."""
        del latest_time_ns, on_progress  # the events were checked when they came
        for content in self._segments():
            batch = read_segment(content)
            if not self._with_late:
                batch = on_time_events(batch)
            batch = batch.filter(pc.less(batch.column("event_time_ns"), self._before_ns))
            if batch.num_rows:
                yield batch.select(ORDER_SCHEMA.names)

    def table(self, name: str, *, latest_time_ns: int) -> pa.Table:
        """Return a reference table as it is known now."""
        del latest_time_ns
        return self._tables[name]

    def content_hash(self) -> str:
        """Return a digest of the events, whatever order they were accepted in."""
        total = np.zeros(2, np.uint64)
        n_rows = 0
        for batch in self.order_batches(latest_time_ns=0):
            total += _added(batch)
            n_rows += batch.num_rows
        text = f"{n_rows}\0{self._before_ns}\0{total[0]}\0{total[1]}"
        return hashlib.sha256(text.encode()).hexdigest()


def _added(batch: pa.RecordBatch) -> NDArray[np.uint64]:
    """Return the sums of the events' hashes: a sum does not know the order."""
    hashes = mix(
        hash_texts(batch.column("account_id")),
        hash_texts(batch.column("event_id"))[0],
        hash_texts(batch.column("instrument_id"))[0],
        batch.column("event_time_ns").to_numpy(),
        batch.column("quantity").fill_null(0.0).to_numpy(),
    )
    return np.array([part.sum(dtype=np.uint64) for part in hashes], np.uint64)
