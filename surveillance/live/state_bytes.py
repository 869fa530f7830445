"""A state as bytes: plain values and named arrays, readable by the version that wrote them only.

An Arrow stream with one batch an array: nothing in it is ever executed, and it is compressed as the
journal is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_SCHEMA = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("dtype", pa.string()),
        pa.field("shape", pa.list_(pa.int64())),
        pa.field("content", pa.large_binary()),
    ]
)
_STAMP, _VALUES = b"stamp", b"values"
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class State:
    """A state as it was when it was taken; nothing in it changes any more.

    Attributes
    ----------
    stamp : str
        Says what took it: version and parameters.
    values : str
        JSON.
    arrays : mapping of str to ndarray
        Of any shape and of a fixed width.
    """

    stamp: str
    values: str
    arrays: Arrays


def write_state(state: State) -> bytes:
    """Return a state as bytes; most of the time other threads may run."""
    schema = _SCHEMA.with_metadata({_STAMP: state.stamp, _VALUES: state.values})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_OPTIONS) as writer:
        for name, array in state.arrays.items():
            row = [
                pa.array([name]),
                pa.array([array.dtype.str]),
                pa.array([list(array.shape)], pa.list_(pa.int64())),
                _binary(array),
            ]
            writer.write_batch(pa.record_batch(row, schema=schema))
    content: bytes = sink.getvalue().to_pybytes()
    return content


def read_state(
    content: bytes, stamp: str
) -> tuple[dict[str, Any], dict[str, NDArray[np.generic]]] | None:
    """Return the values and arrays of a state, None where something else wrote it."""
    with pa.ipc.open_stream(content) as reader:
        metadata = reader.schema.metadata
        if metadata[_STAMP].decode() != stamp:
            return None
        rows = reader.read_all().to_pylist()
    arrays = {
        row["name"]: np.frombuffer(row["content"], row["dtype"]).reshape(row["shape"]).copy()
        for row in rows
    }
    return json.loads(metadata[_VALUES]), arrays


def _binary(array: NDArray[np.generic]) -> pa.Array:
    """Return the bytes of an array as one value, not copied."""
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    offsets = pa.py_buffer(np.array([0, content.size], np.int64))
    return pa.Array.from_buffers(
        pa.large_binary(), 1, [None, offsets, pa.py_buffer(content)], null_count=0
    )
