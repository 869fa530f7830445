"""CSV files in blocks: comma, double quotes, a header, empty cells are null.

Every column is read as bytes and typed later, block by block, so that a bad cell is named without
reading the file again.
"""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv as pa_csv

from streams.errors import DatasetError
from streams.files.source import TableFile, refuse_utf_16, refusing
from streams.tables import TableSpec
from streams.text import printable

BYTES_PER_BLOCK = 4 << 20
"""Also the longest row. Arrow reads some thirty blocks ahead: larger ones cost memory."""

_MAX_HEADER_CHARACTERS = 160

# Arrow's handler of invalid rows decodes them on its own thread, where bad UTF-8 cannot be
# caught; its message does not fail.
_OTHER_LENGTH = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+): (.*)", re.DOTALL)


def read_csv_blocks(
    file: TableFile, spec: TableSpec, columns: frozenset[str]
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield blocks of the wanted columns as bytes, each with the file bytes consumed so far.

    Raises
    ------
    DatasetError
        If the header lacks a required column or names one twice, or a row has too few or too
        many values.
    """
    names = _header(file)
    check_columns(file, names, spec)
    wanted = [name for name in names if name in columns]
    convert = pa_csv.ConvertOptions(
        include_columns=wanted,
        column_types=dict.fromkeys(wanted, pa.binary()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    with file.bytes_stream() as (stream, n_consumed):
        try:
            for block in pa_csv.open_csv(stream, _read_options(), _parse_options(), convert):
                yield block, n_consumed()
        except pa.ArrowInvalid as error:
            raise _unreadable(file, error) from error


def check_columns(file: TableFile, names: list[str], spec: TableSpec) -> None:
    """Refuse a file whose columns are named twice or lack a required one.

    Raises
    ------
    DatasetError
        Names the first such column in the contract's order.
    """
    for name in spec.schema.names:
        if names.count(name) > 1:
            raise DatasetError(file.shown, "must occur once in the file", column=name)
    for name in spec.required:
        if name not in names:
            rule = f"is required but the file does not have it{_found(names)}"
            raise DatasetError(file.shown, rule, column=name)


def _found(names: list[str]) -> str:
    shown = printable(", ".join(names), _MAX_HEADER_CHARACTERS)
    is_split = len(names) == 1 and any(mark in names[0] for mark in ";\t|")
    advice = "; columns must be separated by commas" if is_split else ""
    return f', its columns are "{shown}"{advice}'


def _header(file: TableFile) -> list[str]:
    with refusing(file.shown), file.bytes_stream() as (stream, _):
        refuse_utf_16(file, stream.read(4))
    with refusing(file.shown), file.bytes_stream() as (stream, _):
        try:
            return list(pa_csv.open_csv(stream, _read_options(), _parse_options()).schema.names)
        except pa.ArrowInvalid as error:
            raise _unreadable(file, error) from error
        except UnicodeDecodeError as error:
            raise DatasetError(file.shown, "must have a header in UTF-8") from error


def _read_options() -> pa_csv.ReadOptions:
    # One thread, or the parser does not count rows; the columns stay bytes, so it costs little.
    return pa_csv.ReadOptions(use_threads=False, block_size=BYTES_PER_BLOCK)


def _parse_options() -> pa_csv.ParseOptions:
    return pa_csv.ParseOptions(newlines_in_values=True)


def _unreadable(file: TableFile, error: pa.ArrowInvalid) -> DatasetError:
    message = str(error)
    if found := _OTHER_LENGTH.search(message):
        number, n_expected, n_found, text = found.groups()
        rule = f"must have {n_expected} values like the header, not {n_found}"
        if "\n" in text:
            rule += ": is a quote left open?"
        # The parser counts the header.
        return DatasetError(file.shown, rule, row=int(number) - 1, value=text)
    if "Empty CSV file" in message:
        return DatasetError(file.shown, "is empty: it must have at least a header")
    if "straddl" in message:
        rule = f"has a row longer than {BYTES_PER_BLOCK >> 20} MiB: is a quote left open?"
        return DatasetError(file.shown, rule)
    return DatasetError(file.shown, f"is damaged: {message.splitlines()[0]}")
