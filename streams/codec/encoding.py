"""Columns to messages: JSON one event each, Arrow many."""

from typing import Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from streams.errors import StreamError


def encode_json(batch: pa.RecordBatch) -> list[bytes]:
    """Return each row as one JSON object, nulls left out.

    Raises
    ------
    StreamError
        If a number is not finite: JSON has no word for it.
    """
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_floating(field.type) and pc.all(pc.is_finite(column)).as_py() is False:
            raise StreamError(f"{field.name} must be finite to be written as JSON")
    encode = msgspec.json.Encoder().encode
    return [
        encode({name: value for name, value in row.items() if value is not None})
        for row in batch.to_pylist()
    ]


def encode_arrow(
    batch: pa.RecordBatch, *, compression: Literal["lz4", "zstd"] | None = None
) -> bytes:
    """Return a batch as one Arrow stream."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())
