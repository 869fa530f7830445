"""JSON objects read strictly: one object, no name twice, values of a column's type and no other.

Files and streams share these rules, so that a line of a dataset and a message of a topic mean the
same. A fast reader may stand before them; what it does not accept is decided here.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from streams.tables import type_rule

_INT64 = range(-(1 << 63), 1 << 63)
_LARGEST_EXACT_FLOAT = 2.0**53


@dataclass(frozen=True, slots=True)
class BadValue:
    """A value that does not have its column's type: the rule, and the value as text."""

    rule: str
    value: str


def parse_object(text: str) -> dict[str, Any]:
    """Return the one object that a text holds.

    Raises
    ------
    ValueError
        Saying why it is not one JSON object, or that a name is given twice.
    """
    try:
        entry = json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise ValueError(error.msg) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(entry, dict):
        raise ValueError("not an object")
    return entry


def cell(value: Any, target: pa.DataType) -> Any | BadValue:
    """Return a parsed value as a column of type `target` holds it, None for null.

    A whole float counts as an integer up to 2**53; beyond, it may have lost digits on its way:
    1.78e18 has no nanoseconds. A number too large for a float is infinite, which the rules of the
    tables refuse.
    """
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    rule = type_rule(target)
    if pa.types.is_string(target):
        if isinstance(value, str):
            if value.isascii() or _is_encodable(value):
                return value
            rule = "must be UTF-8 text"
    elif pa.types.is_boolean(target):
        if isinstance(value, bool):
            return value
    elif pa.types.is_integer(target):
        if is_number and _is_whole(value) and int(value) in _INT64:
            return int(value)
    elif is_number:
        return _to_float(value)
    return BadValue(rule, value if isinstance(value, str) else json.dumps(value))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry = dict(pairs)
    if len(entry) != len(pairs):
        raise ValueError("a name is given twice")
    return entry


def _is_whole(value: float) -> bool:
    return isinstance(value, int) or (value.is_integer() and abs(value) <= _LARGEST_EXACT_FLOAT)


def _to_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
