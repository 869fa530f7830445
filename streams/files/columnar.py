"""Parquet files in batches.

A compressed `.parquet.gz` or `.parquet.zst` is unpacked to a nameless temporary file first:
Parquet is read from its end.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from streams.errors import DatasetError
from streams.files.casting import accepts
from streams.files.delimited import check_columns
from streams.files.source import BYTES_PER_READ, Compression, TableFile, open_file
from streams.tables import TableSpec, type_rule


def read_parquet_batches(
    file: TableFile, spec: TableSpec, columns: frozenset[str], batch_rows: int
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield batches of the wanted columns in the file's types, each with the bytes consumed.

    The bytes are the file's size times the share of rows read.

    Raises
    ------
    DatasetError
        If a required column is missing or a column has another type.
    """
    n_bytes = file.n_bytes()
    if n_bytes == 0:
        raise DatasetError(file.shown, "is empty: it must be a Parquet file")
    with _seekable(file) as source:
        # Buffered and not read ahead: else one large row group, or by and by the file, is held.
        parquet = pq.ParquetFile(source, buffer_size=BYTES_PER_READ, pre_buffer=False)
        schema = parquet.schema_arrow
        check_columns(file, schema.names, spec)
        wanted = [name for name in schema.names if name in columns]
        for name in wanted:
            source, target = schema.field(name).type, spec.schema.field(name).type
            if not accepts(source, target):
                rule = f"{type_rule(target)}, not {source}"
                raise DatasetError(file.shown, rule, column=name)
        n_rows = 0
        for batch in parquet.iter_batches(batch_size=batch_rows, columns=wanted):
            n_rows += batch.num_rows
            yield batch, n_bytes * n_rows // max(parquet.metadata.num_rows, 1)


@contextmanager
def _seekable(file: TableFile) -> Iterator[pa.NativeFile]:
    if file.compression is Compression.NONE:
        with open_file(file.path) as source:
            yield source
        return
    with tempfile.TemporaryFile() as unpacked:
        with file.bytes_stream() as (stream, _):
            while chunk := stream.read(BYTES_PER_READ):
                unpacked.write(chunk)
        unpacked.seek(0)
        with pa.PythonFile(unpacked, "r") as source:
            yield source
