"""A column as a file holds it, turned into the contract's type, or the first cell that refuses.

Text to number, whole float to integer and any integer width are accepted; a number where text
belongs is not, because an id that was a number may have lost digits on its way.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from streams.orders import cell_text
from streams.tables import type_rule

_EXPONENT = r"^\s*[-+]?[0-9.]+[eE]"
# Holds every int64 with room for a fraction, which the cast to int64 then refuses.
_EXACT = pa.decimal128(38, 9)


@dataclass(frozen=True, slots=True)
class BadCell:
    """The first cell of a column that does not have the column's type."""

    row: int
    rule: str
    value: str


def accepts(source: pa.DataType, target: pa.DataType) -> bool:
    """Return whether a typed column (Parquet) can hold a column of the contract."""
    types = pa.types
    if types.is_null(source):
        return True
    if types.is_dictionary(source):
        return accepts(source.value_type, target)
    if types.is_string(target):
        return bool(
            types.is_string(source)
            or types.is_large_string(source)
            or types.is_string_view(source)
            or types.is_binary(source)
            or types.is_large_binary(source)
            or types.is_binary_view(source)
        )
    if types.is_boolean(target):
        return bool(types.is_boolean(source))
    return bool(types.is_integer(source) or types.is_floating(source) or types.is_decimal(source))


def cast_column(column: pa.Array, target: pa.DataType) -> pa.Array | BadCell:
    """Return a column in the contract's type, empty text as null.

    Parameters
    ----------
    column : pa.Array
        Bytes (CSV) or any type for which `accepts` is true.
    target : pa.DataType
        string, int64, float64 or bool.

    Returns
    -------
    pa.Array or BadCell
        The first bad cell, if there is one.
    """
    convert = _conversion(column.type, target)
    try:
        return convert(column)
    except (pa.ArrowException, UnicodeDecodeError):
        row = _first_failing_row(convert, column)
        return _bad_cell(column, row, target)


def cast_rows(column: pa.Array, target: pa.DataType) -> tuple[pa.Array, list[BadCell]]:
    """Return a column in the contract's type with its bad cells null, and these, by row.

    Parameters and types as for `cast_column`; here a bad cell does not condemn the others.
    """
    convert = _conversion(column.type, target)
    pieces: list[pa.Array] = []
    bad: list[BadCell] = []
    ranges = [(0, len(column))]  # to convert, the first on top; halved until the bad cell is alone
    while ranges:
        start, stop = ranges.pop()
        piece = column.slice(start, stop - start)
        if _converts(convert, piece):
            pieces.append(convert(piece))
        elif stop - start == 1:
            pieces.append(pa.nulls(1, target))
            bad.append(_bad_cell(column, start, target))
        else:
            middle = (start + stop) // 2
            ranges += [(middle, stop), (start, middle)]
    return pa.concat_arrays(pieces) if pieces else pa.nulls(0, target), bad


def _bad_cell(column: pa.Array, row: int, target: pa.DataType) -> BadCell:
    is_text = pa.types.is_string(target) or not _is_utf8(column.slice(row, 1))
    rule = "must be UTF-8 text" if is_text else type_rule(target)
    value = cell_text(column, row)
    is_number = pa.types.is_binary(column.type) and pa.types.is_integer(target)
    if is_number and re.search(_EXPONENT, value):
        rule = "must be a whole number with all its digits, not an exponent"
    return BadCell(row, rule, value)


def _conversion(source: pa.DataType, target: pa.DataType) -> Callable[[pa.Array], pa.Array]:
    if pa.types.is_string(target):
        return _to_text
    if pa.types.is_binary(source):
        return {
            pa.int64(): _bytes_to_integers,
            pa.float64(): _bytes_to_floats,
            pa.bool_(): _bytes_to_booleans,
        }[target]
    # An integer may round on its way to float64, a fraction may not vanish on its way to int64.
    return lambda column: column.cast(target, safe=pa.types.is_integer(target))


def _to_text(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    column.validate(full=True)  # a Parquet or JSON reader does not look at the bytes
    return blank_to_null(column)


def blank_to_null(column: pa.Array) -> pa.Array:
    """Return a string column with empty text as null."""
    if pc.min(pc.binary_length(column)).as_py() == 0:
        is_empty = pc.equal(pc.binary_length(column), 0)
        column = pc.if_else(is_empty, pa.scalar(None, pa.string()), column)
    return column


def _bytes_to_integers(column: pa.Array) -> pa.Array:
    text = column.cast(pa.string())
    try:
        return text.cast(pa.int64())
    except pa.ArrowInvalid:
        # Exports of columns with gaps write 7.0: exact as decimals, not as floats. An exponent
        # (1.78e18) is refused: whoever wrote it cut the digits that tell nanoseconds apart.
        if pc.any(pc.match_substring_regex(text, _EXPONENT)).as_py():
            raise
        return pc.utf8_trim_whitespace(text).cast(_EXACT).cast(pa.int64())


def _bytes_to_floats(column: pa.Array) -> pa.Array:
    text = column.cast(pa.string())
    try:
        return text.cast(pa.float64())
    except pa.ArrowInvalid:
        return pc.utf8_trim_whitespace(text).cast(pa.float64())


def _bytes_to_booleans(column: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(column.cast(pa.string())).cast(pa.bool_())


def _first_failing_row(convert: Callable[[pa.Array], pa.Array], column: pa.Array) -> int:
    # A prefix converts exactly when it ends before the first bad cell: search by halves.
    good, bad = 0, len(column)  # the first `good` rows convert, the first `bad` rows do not
    while bad - good > 1:
        middle = (good + bad) // 2
        if _converts(convert, column.slice(good, middle - good)):
            good = middle
        else:
            bad = middle
    return good


def _converts(convert: Callable[[pa.Array], pa.Array], column: pa.Array) -> bool:
    try:
        convert(column)
    except (pa.ArrowException, UnicodeDecodeError):
        return False
    return True


def _is_utf8(column: pa.Array) -> bool:
    return not pa.types.is_binary(column.type) or _converts(_to_text, column)
