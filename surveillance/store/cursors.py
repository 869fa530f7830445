"""Page cursors: the sort key of a page's last row, in a form that only this store reads.

A cursor names its listing, so that one from another listing or sort is refused instead of
misread. It holds nothing secret and is not signed: a forged one only asks for another page.
"""

import base64
import json
import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from surveillance.errors import CursorError

KeyValue = int | float | str
SortKey = Sequence[tuple[ColumnElement[Any], bool]]  # columns and whether the largest comes first

_LARGEST_INTEGER = 2**63 - 1


def write_cursor(listing: str, key: Sequence[KeyValue]) -> str:
    """Return the cursor that continues a listing after a row.

    Parameters
    ----------
    listing : str
        What is listed and how it is sorted.
    key : Sequence[KeyValue]
        The row's sort key.

    Returns
    -------
    str
        URL-safe text.
    """
    plain = json.dumps([listing, *key], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def read_cursor(listing: str, cursor: str, kinds: Sequence[type[KeyValue]]) -> list[KeyValue]:
    """Return the sort key that a cursor holds.

    Parameters
    ----------
    listing : str
        What is listed and how it is sorted.
    cursor : str
        The cursor as it came.
    kinds : Sequence[type[KeyValue]]
        The type of each part of the key.

    Returns
    -------
    list[KeyValue]
        One value for each kind.

    Raises
    ------
    CursorError
        If `write_cursor` did not make the cursor for this listing.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        plain = base64.b64decode(padded, altchars=b"-_", validate=True)
        parts = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise CursorError(cursor) from error
    if not isinstance(parts, list) or len(parts) != len(kinds) + 1 or parts[0] != listing:
        raise CursorError(cursor)
    if not all(_is_of(kind, part) for kind, part in zip(kinds, parts[1:], strict=True)):
        raise CursorError(cursor)
    return parts[1:]


def after(sort_key: SortKey, key: Sequence[KeyValue]) -> ColumnElement[bool]:
    """Return the condition that a row comes after another one.

    Parameters
    ----------
    sort_key : SortKey
        The columns that sort the listing; together they are unique.
    key : Sequence[KeyValue]
        The other row's values.

    Returns
    -------
    ColumnElement[bool]
        Written out column by column: directions differ, so rows cannot be compared as tuples.
    """
    alternatives = []
    for place, ((column, descending), value) in enumerate(zip(sort_key, key, strict=True)):
        ties = [
            earlier == known
            for (earlier, _), known in zip(sort_key[:place], key[:place], strict=True)
        ]
        alternatives.append(and_(*ties, column < value if descending else column > value))
    return or_(*alternatives)


def ordering(sort_key: SortKey) -> list[ColumnElement[Any]]:
    """Return the ORDER BY of a sort key.

    Parameters
    ----------
    sort_key : SortKey
        The columns and their directions.

    Returns
    -------
    list[ColumnElement[Any]]
        One element a column.
    """
    return [column.desc() if descending else column.asc() for column, descending in sort_key]


def _is_of(kind: type[KeyValue], value: object) -> bool:
    if kind is str:
        return isinstance(value, str) and not any("\ud800" <= mark <= "\udfff" for mark in value)
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return abs(value) <= _LARGEST_INTEGER
    return kind is float and isinstance(value, float) and math.isfinite(value)
