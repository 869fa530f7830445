"""FIX 4.2 and 4.4 messages, one order event each, to columns.

A message is split by the standard's own framing and checked by its BodyLength(9) and CheckSum(10),
which parsers from the registry leave to their user. Codes and texts become columns together.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.codec.fix_tags import (
    AUTOMATED,
    DATA_OF_LENGTH,
    EXEC_TYPES,
    EXECUTION_REPORT,
    MESSAGE_TYPES,
    ORDER_TYPES,
    SEPARATOR,
    SIDES,
    TIMES_IN_FORCE,
    VERSIONS,
    Tag,
    named,
)
from streams.codec.fix_time import parse_times
from streams.codec.records import Limits, Part, Refusal, RefusedError, one_row_each, sentence
from streams.files.casting import cast_rows
from streams.messages import DeadReason
from streams.tables import TABLES

_FRAME = re.compile(rb"8=([^\x01]+)\x019=(\d{1,9})\x01(35=.*\x01)10=(\d{3})\x01", re.DOTALL)
_N_TRAILER = len(b"10=000\x01")
_KEYS = {tag: str(tag.value).encode() for tag in Tag}
_NAMES = {key: named(tag) for tag, key in _KEYS.items()}
_DATA_OF_LENGTH = {
    str(length).encode(): str(data).encode() for length, data in DATA_OF_LENGTH.items()
}
_HAS_DATA = re.compile(rb"\x01(?:" + b"|".join(_DATA_OF_LENGTH) + rb")=")
_REQUIRED = (Tag.SenderCompID, Tag.MsgSeqNum, Tag.TransactTime)
_TIME_RULE = "must be UTC, YYYYMMDD-HH:MM:SS with at most 9 digits of fraction"
_PLAIN = {  # column -> tag whose text it holds
    "account_id": Tag.Account,
    "quantity": Tag.OrderQty,
    "sequence": Tag.MsgSeqNum,
    "order_id": Tag.OrderID,
    "client_order_id": Tag.ClOrdID,
    "firm_id": Tag.SenderCompID,
    "operator_id": Tag.SenderSubID,
    "limit_price": Tag.Price,
    "stop_price": Tag.StopPx,
    "last_quantity": Tag.LastQty,
    "last_price": Tag.LastPx,
}
_CODED: dict[str, tuple[Tag, Mapping[bytes, Any]]] = {
    "side": (Tag.Side, SIDES),
    "order_type": (Tag.OrdType, ORDER_TYPES),
    "automated": (Tag.ManualOrderIndicator, AUTOMATED),
}
_TEXTS = ("instrument_id", "event_id", "time_in_force")
_SHOWN = 400  # bytes of a message that can reach its sentence
_MAX_LENGTH_DIGITS = 9
_Fields = dict[bytes, bytes]
_Fallen = dict[int, str]  # sentence by row


def decode_fix(values: Sequence[bytes], index: Sequence[int], table: str, limits: Limits) -> Part:
    """Decode messages of one order event each.

    Parameters
    ----------
    values : sequence of bytes
        The messages' values.
    index : sequence of int
        Their places in the run, same length.
    table : str
        Must be `orders`: FIX carries nothing else here.
    limits : Limits
        Not needed: a FIX message does not unfold.

    Returns
    -------
    Part
        A row for each message that is framed rightly and whose fields have the columns' types.
    """
    del table, limits
    messages: list[_Fields] = []
    kept: list[int] = []
    refused: list[Refusal] = []
    for place, value in zip(index, values, strict=True):
        try:
            messages.append(_read(value))
            kept.append(place)
        except RefusedError as error:
            refused.append(Refusal(place, None, error.reason, error.sentence))
    batch, fallen = _to_batch(messages)
    refused += [Refusal(kept[row], None, DeadReason.FIELD, fallen[row]) for row in fallen]
    stands = np.ones(len(kept), np.bool_)
    stands[list(fallen)] = False
    return one_row_each(batch.filter(pa.array(stands)), np.asarray(kept)[stands], refused)


def _read(value: bytes) -> _Fields:
    """Return the fields of a framed and checked message, the trailer left out."""
    frame = _FRAME.fullmatch(value)
    if frame is None:
        rule = "must be one FIX message, from 8, 9 and 35 to 10"
        raise _malformed(rule, value[:_SHOWN].decode("utf-8", "replace"))
    version, n_declared, body, checksum = frame.groups()
    if version not in VERSIONS:
        rule = "BeginString(8) must be FIX.4.2 or FIX.4.4"
        raise RefusedError(DeadReason.SCHEMA, sentence(rule, _text(version)))
    if int(n_declared) != len(body):
        rule = f"BodyLength(9) must be the body's {len(body)} bytes"
        raise RefusedError(DeadReason.CHECKSUM, sentence(rule, _text(n_declared)))
    if int(checksum) != sum(value[:-_N_TRAILER]) % 256:
        rule = f"CheckSum(10) must be {sum(value[:-_N_TRAILER]) % 256:03d}"
        raise RefusedError(DeadReason.CHECKSUM, sentence(rule, _text(checksum)))
    fields = _split(body)
    kind = fields[b"35"]
    if kind not in MESSAGE_TYPES and kind != EXECUTION_REPORT:
        rule = "MsgType(35) must be D, F, G or 8"
        raise RefusedError(DeadReason.SCHEMA, sentence(rule, _text(kind)))
    return fields


def _split(body: bytes) -> _Fields:
    pairs = _split_data(body) if _HAS_DATA.search(body) else _split_plain(body)
    try:
        fields = dict(pairs)
    except ValueError as error:
        raise _malformed("must be TAG=VALUE in each field") from error
    if b"" in fields.values():
        raise _malformed("must not hold an empty field")
    if len(fields) != len(pairs):  # repeating groups may, but none holds what is read here
        counts = Counter(pair[0] for pair in pairs)
        for key, name in _NAMES.items():
            if counts[key] > 1:
                raise _malformed(f"{name} must be given once")
    return fields


def _split_plain(body: bytes) -> list[list[bytes]]:
    return [field.split(b"=", 1) for field in body[:-1].split(SEPARATOR)]


def _split_data(body: bytes) -> list[list[bytes]]:
    """Split a body with data fields, whose length stands in the field before."""
    pairs: list[list[bytes]] = []
    n_data: dict[bytes, int] = {}
    at = 0
    while at < len(body):
        key, _, rest = body[at : body.find(SEPARATOR, at)].partition(b"=")
        start = at + len(key) + 1
        stop = start + n_data.pop(key, len(rest))
        value = body[start:stop]
        if body[stop : stop + 1] != SEPARATOR:
            raise _malformed("must hold data fields of the length they give")
        if key in _DATA_OF_LENGTH:
            if not value.isdigit() or len(value) > _MAX_LENGTH_DIGITS:
                raise _malformed("must give the length of data as a number", _text(value))
            n_data[_DATA_OF_LENGTH[key]] = int(value)
        pairs.append([key, value])
        at = stop + 1
    return pairs


def _to_batch(messages: Sequence[_Fields]) -> tuple[pa.RecordBatch, _Fallen]:
    """Return the columns of messages, and the sentence of each row that cannot be one."""
    schema = TABLES["orders"].schema
    fallen: _Fallen = {}
    for tag in _REQUIRED:
        for row, fields in enumerate(messages):
            if _KEYS[tag] not in fields:
                fallen.setdefault(row, sentence("is required", column=named(tag)))
    columns: dict[str, Any] = {
        "event_time_ns": _times(messages, fallen),
        "instrument_id": [fields.get(b"48", fields.get(b"55")) for fields in messages],
        "event_id": list(map(_event_id, messages)),
        "event_type": _event_types(messages, fallen),
        "time_in_force": _times_in_force(messages),
    }
    for name, (tag, codes) in _CODED.items():
        columns[name] = _coded(messages, tag, codes, fallen)
    for name, tag in _PLAIN.items():
        columns[name] = [fields.get(_KEYS[tag]) for fields in messages]
    arrays = [
        _cast(columns[field.name], field, fallen)
        if field.name in columns
        else pa.nulls(len(messages), field.type)
        for field in schema
    ]
    return pa.record_batch(arrays, schema=schema), fallen


def _cast(values: Sequence[Any], field: pa.Field, fallen: _Fallen) -> pa.Array:
    if field.name not in _PLAIN and field.name not in _TEXTS:
        return pa.array(values, field.type)
    array, bad = cast_rows(pa.array(values, pa.binary()), field.type)
    for cell in bad:
        name = named(_PLAIN[field.name]) if field.name in _PLAIN else field.name
        fallen.setdefault(cell.row, sentence(cell.rule, cell.value, name))
    return array


def _times(messages: Sequence[_Fields], fallen: _Fallen) -> NDArray[np.int64]:
    texts = [fields.get(b"60", b"") for fields in messages]
    times_ns, good = parse_times(texts)
    for row in np.flatnonzero(~good).tolist():
        name = named(Tag.TransactTime)
        fallen.setdefault(row, sentence(_TIME_RULE, _text(texts[row]), name))
    return times_ns


def _event_id(fields: _Fields) -> bytes:
    """Return sender, client order id, and the execution id or the sequence number."""
    last = fields.get(b"17") or fields.get(b"34", b"")
    return b"/".join((fields.get(b"49", b""), fields.get(b"11", b""), last))


def _event_types(messages: Sequence[_Fields], fallen: _Fallen) -> list[str | None]:
    found: list[str | None] = []
    for row, fields in enumerate(messages):
        kind = MESSAGE_TYPES.get(fields[b"35"]) or EXEC_TYPES.get(fields.get(b"150", b""))
        if kind is None:
            rule = f"of a report must be {_one_of(EXEC_TYPES)}"
            given = _text(fields.get(b"150", b""))
            fallen.setdefault(row, sentence(rule, given, named(Tag.ExecType)))
        found.append(kind)
    return found


def _times_in_force(messages: Sequence[_Fields]) -> list[bytes | None]:
    codes = [fields.get(b"59") for fields in messages]
    return [None if code is None else TIMES_IN_FORCE.get(code, code) for code in codes]


def _coded(
    messages: Sequence[_Fields], tag: Tag, codes: Mapping[bytes, Any], fallen: _Fallen
) -> list[Any]:
    given = [fields.get(_KEYS[tag]) for fields in messages]
    for row, code in enumerate(given):
        if code is not None and code not in codes:
            rule = f"must be {_one_of(codes)}"
            fallen.setdefault(row, sentence(rule, _text(code), named(tag)))
    return [None if code is None else codes.get(code) for code in given]


def _one_of(codes: Mapping[bytes, Any]) -> str:
    *first, last = map(_text, codes)
    return f"{', '.join(first)} or {last}"


def _malformed(rule: str, value: str | None = None) -> RefusedError:
    return RefusedError(DeadReason.MALFORMED, sentence(rule, value))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
