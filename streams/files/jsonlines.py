"""JSON lines in blocks: one object a line, absent and null are the same.

A block goes through Arrow's parser as a whole. Only a block that it refuses is read again line by
line, which names the line and takes what Arrow does not (1.0 for a whole number).

Arrow must never see a line whose value is not an object: a bare ``null`` crashes the process
(apache/arrow issue 47409) or counts as a row of nulls.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.json as pa_json

from streams.errors import DatasetError
from streams.files.source import BYTES_PER_READ, TableFile, refuse_utf_16
from streams.jsonvalues import BadValue, cell, parse_object
from streams.tables import TableSpec

BYTES_PER_BLOCK = 8 << 20
MAX_LINE_BYTES = 16 << 20

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_json_blocks(
    file: TableFile, spec: TableSpec, columns: frozenset[str]
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield blocks of the wanted columns, each with the file bytes consumed so far.

    Raises
    ------
    DatasetError
        If a line is not one JSON object, or a value has the wrong type.
    """
    schema = pa.schema([field for field in spec.schema if field.name in columns])
    options = pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    n_rows = 0
    with file.bytes_stream() as (stream, n_consumed):
        for lines in _blocks_of_lines(file, stream):
            batch = _parse_block(lines, schema, options)
            if batch is None:
                batch = _parse_lines(file, lines, schema, n_rows)
            n_rows += batch.num_rows
            yield batch, n_consumed()


def _blocks_of_lines(file: TableFile, stream: pa.NativeFile) -> Iterator[bytes]:
    rest = bytearray()
    is_start = True
    while chunk := stream.read(BYTES_PER_READ):
        if is_start:
            refuse_utf_16(file, chunk)
        rest += chunk.removeprefix(_BYTE_ORDER_MARK) if is_start else chunk
        is_start = False
        if len(rest) < BYTES_PER_BLOCK:
            continue
        end = rest.rfind(b"\n") + 1
        if end == 0 and len(rest) > MAX_LINE_BYTES:
            rule = f"has a line longer than {MAX_LINE_BYTES >> 20} MiB"
            raise DatasetError(file.shown, rule)
        if end:
            yield bytes(rest[:end])
            del rest[:end]
    if rest:
        yield bytes(rest)


def _parse_block(
    lines: bytes, schema: pa.Schema, options: pa_json.ParseOptions
) -> pa.RecordBatch | None:
    n_lines = lines.count(b"\n") + (not lines.endswith(b"\n"))
    if not lines.startswith(b"{") or lines.count(b"\n{") != n_lines - 1:
        return None
    try:
        table = pa_json.read_json(pa.BufferReader(lines), parse_options=options)
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    if table.num_rows != n_lines:  # several values on one line
        return None
    return table.select(schema.names).combine_chunks().to_batches()[0]


def _parse_lines(file: TableFile, lines: bytes, schema: pa.Schema, n_before: int) -> pa.RecordBatch:
    values: dict[str, list[Any]] = {name: [] for name in schema.names}
    row = n_before
    for line in lines.split(b"\n"):
        if not line.strip():
            continue
        row += 1
        entry = _parse_line(file, line, row)
        for field in schema:
            values[field.name].append(_cell(file, entry.get(field.name), field, row))
    return pa.record_batch(
        [pa.array(values[field.name], field.type) for field in schema], schema=schema
    )


def _parse_line(file: TableFile, line: bytes, row: int) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = line.decode("utf-8", "replace")
        raise DatasetError(file.shown, "must be UTF-8 text", row=row, value=shown) from error
    try:
        return parse_object(text)
    except ValueError as error:
        rule = f"must be one JSON object a line ({error})"
        raise DatasetError(file.shown, rule, row=row, value=text) from error


def _cell(file: TableFile, value: Any, field: pa.Field, row: int) -> Any:
    found = cell(value, field.type)
    if isinstance(found, BadValue):
        raise DatasetError(file.shown, found.rule, row=row, column=field.name, value=found.value)
    return found
