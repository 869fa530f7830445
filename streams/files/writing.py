"""Datasets written: one file a table, each under a temporary name until it is whole."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from streams.errors import DatasetError, StreamError
from streams.files.source import CODECS, Compression, Form, table_file_name
from streams.tables import TABLES

_ROWS_PER_CHUNK = 65_536


def write_dataset(
    directory: Path | str, tables: Mapping[str, pa.Table], form: str = "parquet"
) -> None:
    """Write tables as a dataset; what the columns hold is not checked.

    Parameters
    ----------
    directory : Path or str
        Made if absent. Files of the same name are replaced, others left.
    tables : mapping of str to pa.Table
        By table name.
    form : str
        ``parquet``, ``csv`` or ``jsonl``, also followed by ``.gz`` or ``.zst``.

    Raises
    ------
    StreamError
        If a table or the form is unknown.
    DatasetError
        If a file cannot be written; it then keeps its old content.
    """
    if unknown := [name for name in tables if name not in TABLES]:
        raise StreamError(f"tables must be of {', '.join(TABLES)}, was {unknown[0]!r}")
    file_form, compression = _parse_form(form)
    directory = Path(directory)
    with _refusing_to_write(directory):
        directory.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = directory / table_file_name(name, file_form, compression)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
        with _refusing_to_write(path):
            try:
                _write_table(unfinished, table, file_form, compression)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)


def _parse_form(form: str) -> tuple[Form, Compression]:
    name, _, suffix = form.partition(".")
    try:
        return Form(name), Compression(suffix)
    except ValueError as error:
        rule = "form must be parquet, csv or jsonl, then nothing, .gz or .zst"
        raise StreamError(f"{rule}, was {form!r}") from error


@contextmanager
def _refusing_to_write(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError(str(path), f"could not be written: {reason}") from error


def _write_table(path: Path, table: pa.Table, form: Form, compression: Compression) -> None:
    codec = CODECS.get(compression)
    with pa.OSFile(str(path), "wb") as raw:
        sink = pa.CompressedOutputStream(raw, codec) if codec else raw
        if form is Form.PARQUET:
            pq.write_table(table, sink)
        elif form is Form.CSV:
            pa_csv.write_csv(table, sink)
        else:
            for batch in table.to_batches(max_chunksize=_ROWS_PER_CHUNK):
                for row in batch.to_pylist():
                    given = {name: value for name, value in row.items() if value is not None}
                    sink.write(json.dumps(given, ensure_ascii=False).encode() + b"\n")
        if codec:
            sink.close()
