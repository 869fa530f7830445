"""How large an Arrow stream says it becomes, read from its framing before anything is unfolded.

Each message of a stream is a flatbuffer and a body. For a compressed record batch the flatbuffer
lists where its buffers lie in the body, and each compressed buffer begins with its decompressed
length (Arrow columnar format, sections "Encapsulated message format" and "Compression"). Arrow
allocates exactly that length, so the sum of the lengths bounds what reading costs.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from streams.codec.records import Limits, RefusedError, sentence
from streams.messages import DeadReason
from streams.tables import MAX_TEXT_BYTES, TABLES

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_HEADER = 2  # field of Message
_LENGTH, _BUFFERS, _COMPRESSION, _VIEWS = 0, 2, 3, 4  # fields of RecordBatch
_DATA = 1  # field of DictionaryBatch: its RecordBatch
_NOT_COMPRESSED = -1  # a compressed batch's buffer that is stored as it is


N_COLUMNS = max(len(spec.schema) for spec in TABLES.values())
_BYTES_OF_A_CELL = 8


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a stream says it becomes: bytes of buffers, rows, and whether a text may repeat."""

    n_bytes: int
    n_rows: int
    may_repeat: bool

    @property
    def n_repeated_bytes(self) -> int:
        """Most bytes of text that dictionaries and views may add: good texts always fit."""
        return self.n_bytes + self.n_rows * N_COLUMNS * MAX_TEXT_BYTES if self.may_repeat else 0

    @property
    def n_unfolded(self) -> int:
        """Most bytes that the columns take once they are read."""
        return self.n_bytes + self.n_repeated_bytes + self.n_rows * N_COLUMNS * _BYTES_OF_A_CELL


def check_sizes(value: bytes, limits: Limits) -> Sizes:
    """Refuse a stream that would unfold to more than the limit, or that is cut short.

    Raises
    ------
    RefusedError
        If it is too large, or its framing makes no sense.
    pa.ArrowException
        If a message cannot be read.
    """
    source = pa.BufferReader(value)
    n_bytes = n_rows = 0
    may_repeat = False
    try:
        for message in pa.ipc.MessageReader.open_stream(source):
            batch = _record_batch(message.metadata.to_pybytes(), message.type)
            if batch is None:
                continue
            n_bytes += batch.n_bytes(message.body)
            n_rows += batch.n_rows if message.type == "record batch" else 0
            may_repeat |= message.type == "dictionary" or batch.has_views
            _refuse_beyond(n_bytes, limits.max_decompressed_bytes, "unfold to at most {:,} bytes")
            _refuse_beyond(n_rows, limits.max_rows, "have at most {:,} rows")
    except (struct.error, IndexError, ValueError) as error:
        raise RefusedError(DeadReason.MALFORMED, sentence("must be an Arrow stream")) from error
    if source.tell() != len(value) or not value.endswith(END_OF_STREAM):
        rule = "must end with Arrow's end-of-stream mark and nothing after it"
        raise RefusedError(DeadReason.MALFORMED, sentence(rule))
    return Sizes(n_bytes, n_rows, may_repeat)


def _refuse_beyond(amount: int, limit: int, rule: str) -> None:
    if not 0 <= amount <= limit:
        words = sentence(f"must {rule.format(limit)}", f"{amount:,}")
        raise RefusedError(DeadReason.TOO_LARGE, words)


class _Table:
    """A flatbuffer table: its fields are found through its vtable, absent ones at 0."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    @classmethod
    def root(cls, data: bytes) -> "_Table":
        return cls(data, _unsigned(data, 0))

    def field(self, number: int) -> int:
        (back,) = struct.unpack_from("<i", self.data, self.at)
        vtable = self.at - back
        (size,) = struct.unpack_from("<H", self.data, vtable)
        place = 4 + 2 * number
        if place + 2 > size:
            return 0
        (offset,) = struct.unpack_from("<H", self.data, vtable + place)
        return self.at + offset if offset else 0

    def child(self, number: int) -> "_Table | None":
        at = self.field(number)
        return _Table(self.data, at + _unsigned(self.data, at)) if at else None


class _RecordBatch:
    """Row count and buffers of a record batch, its own or a dictionary's."""

    def __init__(self, table: _Table) -> None:
        self._table = table
        at = table.field(_LENGTH)
        self.n_rows = _signed(table.data, at) if at else 0
        self.has_views = bool(table.field(_VIEWS))

    def n_bytes(self, body: pa.Buffer) -> int:
        """Return how long its buffers are once decompressed."""
        if not self._table.field(_COMPRESSION):
            return int(body.size)
        return sum(self._buffer_bytes(memoryview(body)))

    def _buffer_bytes(self, body: memoryview) -> Iterator[int]:
        data = self._table.data
        at = self._table.field(_BUFFERS)
        if not at:
            return
        vector = at + _unsigned(data, at)
        for number in range(_unsigned(data, vector)):
            offset, length = struct.unpack_from("<qq", data, vector + 4 + 16 * number)
            if length:
                declared = _signed(body, offset)
                if declared < _NOT_COMPRESSED:
                    raise ValueError("a buffer of negative length")
                yield length if declared == _NOT_COMPRESSED else declared


def _record_batch(metadata: bytes, kind: str) -> _RecordBatch | None:
    header = _Table.root(metadata).child(_HEADER)
    if header is None or kind not in ("record batch", "dictionary"):
        return None
    if kind == "dictionary":
        header = header.child(_DATA)
    return None if header is None else _RecordBatch(header)


def _unsigned(data: bytes | memoryview, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _signed(data: bytes | memoryview, at: int) -> int:
    return int(struct.unpack_from("<q", data, at)[0])
