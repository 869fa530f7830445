"""JSON messages, one event each, straight to columns.

All messages of a run are decoded together by msgspec into its own structs and from these into
columns. What it would let pass is counted over the joined text (a name given twice, deep nesting,
bytes that are not UTF-8); where a count does not add up, or msgspec refuses, each message is looked
at by itself, and the strict reader that datasets use has the last word.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import repeat
from typing import Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.codec.records import Limits, Part, Refusal, RefusedError, one_row_each, sentence
from streams.jsonvalues import BadValue, cell, parse_object
from streams.messages import DeadReason
from streams.tables import TABLES

_Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
_PYTHON_TYPES: dict[pa.DataType, Any] = {
    pa.int64(): _Int64,
    pa.float64(): float,
    pa.string(): str,
    pa.bool_(): bool,
}
_ANYTHING = msgspec.json.Decoder()
_SHOWN = 400  # characters of a message that can reach its sentence
# Cannot fail once it has begun, also without an end: no text is looked at twice.
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.?)*+"?', re.DOTALL)


def decode_json(values: Sequence[bytes], index: Sequence[int], table: str, limits: Limits) -> Part:
    """Decode messages of one event each.

    Parameters
    ----------
    values : sequence of bytes
        The messages' values, none empty.
    index : sequence of int
        Their places in the run, same length.
    table : str
        A key of `TABLES`.
    limits : Limits
        Depth of nesting.

    Returns
    -------
    Part
        A row for each message that is one JSON object with values of the columns' types.
    """
    batch = _decode_together(values, table)
    if batch is not None:
        return one_row_each(batch, index, [])
    events, kept, refused = [], [], []
    for place, value in zip(index, values, strict=True):
        try:
            events.append(_decode_one(value, table, limits))
            kept.append(place)
        except RefusedError as error:
            refused.append(Refusal(place, None, error.reason, error.sentence))
    names = tuple(TABLES[table].schema.names)
    return one_row_each(_to_batch(events, names, table), kept, refused)


@cache
def _event_type(table: str) -> type[msgspec.Struct]:
    return _struct(table, tuple(TABLES[table].schema.names))


@cache
def _decoder(table: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_event_type(table))


@lru_cache(maxsize=256)
def _narrow_decoder(table: str, names: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Return a decoder of events that may hold these columns and no other name."""
    return msgspec.json.Decoder(_struct(table, names, is_closed=True))


def _struct(table: str, names: tuple[str, ...], *, is_closed: bool = False) -> type[msgspec.Struct]:
    schema = TABLES[table].schema
    fields = [(name, _PYTHON_TYPES[schema.field(name).type] | None, None) for name in names]
    return msgspec.defstruct(
        f"{table.capitalize()}Event", fields, gc=False, forbid_unknown_fields=is_closed
    )


def _decode_together(values: Sequence[bytes], table: str) -> pa.RecordBatch | None:
    """Return the events of messages that are all plain, or None."""
    text = b"\n".join(values)
    if not _is_object_a_line(np.frombuffer(text, np.uint8), len(values)) or not _is_utf8(text):
        return None
    all_names = tuple(TABLES[table].schema.names)
    try:
        first = _ANYTHING.decode(values[0])
        names = tuple(name for name in all_names if name in first)
        try:  # messages of one run mostly have the columns of its first
            events = _narrow_decoder(table, names).decode_lines(text)
        except msgspec.ValidationError:
            names = all_names
            events = _decoder(table).decode_lines(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    batch = _to_batch(events, names, table)
    n_values = sum(batch.num_rows - column.null_count for column in batch.columns)
    return batch if _names_once(text, n_values) else None


def _is_object_a_line(symbols: NDArray[np.uint8], n_lines: int) -> bool:
    """Return whether each line begins and ends with a brace, and no other bracket opens."""
    n_open = np.count_nonzero(symbols == ord("{")) + np.count_nonzero(symbols == ord("["))
    ends = np.flatnonzero(symbols == ord("\n"))
    if n_open != n_lines or len(ends) != n_lines - 1:
        return False
    first, last = np.append(0, ends + 1), np.append(ends - 1, len(symbols) - 1)
    return bool((symbols[first] == ord("{")).all() and (symbols[last] == ord("}")).all())


def _decode_one(value: bytes, table: str, limits: Limits) -> Any:
    if _is_deeper(value, limits.max_depth):
        rule = f"must be nested at most {limits.max_depth} deep"
        raise RefusedError(DeadReason.MALFORMED, sentence(rule))
    if not _is_utf8(value):
        shown = value[:_SHOWN].decode("utf-8", "replace")
        raise RefusedError(DeadReason.MALFORMED, sentence("must be UTF-8 text", shown))
    try:
        event = _decoder(table).decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _decode_strictly(value, table)
    n_values = sum(field is not None for field in msgspec.structs.astuple(event))
    return event if _names_once(value, n_values) else _decode_strictly(value, table)


def _decode_strictly(value: bytes, table: str) -> Any:
    text = value.decode("utf-8")
    try:
        entry = parse_object(text)
    except ValueError as error:
        rule = f"must be one JSON object ({error})"
        raise RefusedError(DeadReason.MALFORMED, sentence(rule, text[:_SHOWN])) from error
    cells = {}
    for field in TABLES[table].schema:
        found = cell(entry.get(field.name), field.type)
        if isinstance(found, BadValue):
            words = sentence(found.rule, found.value, field.name)
            raise RefusedError(DeadReason.FIELD, words)
        cells[field.name] = found
    return _event_type(table)(**cells)


def _to_batch(events: list[Any], names: tuple[str, ...], table: str) -> pa.RecordBatch:
    """Return events with these fields as columns, the table's others null."""
    schema = TABLES[table].schema
    cells = zip(*map(msgspec.structs.astuple, events), strict=True) if events else repeat(())
    columns = dict(zip(names, cells, strict=False))
    arrays = [
        pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(len(events), field.type)
        for field in schema
    ]
    return pa.record_batch(arrays, schema=schema)


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _names_once(text: bytes, n_values: int) -> bool:
    """Return whether no object of the text gives a name twice; False may be a false alarm.

    Every name brings a colon, so as many colons as values read leave none for a repeated name.
    Else, decoding and encoding once more drops repeats, and their colons with them, but no other;
    only an escape can hide a colon.
    """
    n_colons = _n_colons(text)
    if n_colons == n_values:
        return True
    if b"\\u" in text:
        return False
    try:
        kept = msgspec.json.encode(_ANYTHING.decode_lines(text))
    except (msgspec.MsgspecError, UnicodeDecodeError):  # what was passed over is read here
        return False
    return _n_colons(kept) == n_colons


def _n_colons(text: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord(":")))  # faster than count


def _is_deeper(value: bytes, limit: int) -> bool:
    """Return whether brackets outside strings nest deeper than the limit."""
    if value.count(b"{") + value.count(b"[") <= limit:
        return False
    symbols = np.frombuffer(_STRINGS.sub(b"", value), np.uint8)
    opens = (symbols == ord("{")) | (symbols == ord("["))
    closes = (symbols == ord("}")) | (symbols == ord("]"))
    return bool((np.cumsum(opens.astype(np.int64) - closes) > limit).any())
