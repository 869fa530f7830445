"""A state as bytes: plain values and named arrays, readable by the version that wrote them only.

An Arrow stream with one row an array: nothing in it is ever executed, and it is compressed as the
journal is.
"""

import json
from collections.abc import Mapping
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


def write_state(stamp: str, values: Mapping[str, Any], arrays: Arrays) -> bytes:
    """Return a state as bytes.

    Parameters
    ----------
    stamp : str
        Says what wrote it: version and parameters.
    values : mapping
        What JSON can hold.
    arrays : mapping of str to ndarray
        Of any shape, of numbers and truth values.
    """
    kept = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    rows = pa.record_batch(
        [
            pa.array(kept, pa.string()),
            pa.array([array.dtype.str for array in kept.values()]),
            pa.array([list(array.shape) for array in arrays.values()], pa.list_(pa.int64())),
            pa.array([array.tobytes() for array in kept.values()], pa.large_binary()),
        ],
        schema=_SCHEMA.with_metadata({_STAMP: stamp, _VALUES: json.dumps(values)}),
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_OPTIONS) as writer:
        writer.write_batch(rows)
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
