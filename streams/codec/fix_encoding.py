"""Order events as FIX 4.4 messages.

New orders, replaces and cancels are the requests D, G and F, everything else is an execution
report. What FIX has no tag for stays behind: `event_id` (a reader makes its own of 49, 11 and
17 or 34), `session_id`, `copy_group_id` and `parent_order_id`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa

from streams.codec.fix_tags import (
    AUTOMATED,
    EXECUTION_REPORT,
    MESSAGE_TYPES,
    ORDER_TYPES,
    SEPARATOR,
    TIMES_IN_FORCE,
    Tag,
)
from streams.codec.fix_time import format_times
from streams.errors import StreamError
from streams.tables import ORDER_SCHEMA, EventType, Side

_MESSAGE_CODES = {kind: code for code, kind in MESSAGE_TYPES.items()}
_EXEC_CODES = {EventType.FILL: b"F", EventType.REJECT: b"8", EventType.EXPIRE: b"C"}
_SIDE_CODES = {Side.BUY: b"1", Side.SELL: b"2"}
_ORDER_CODES = {kind: code for code, kind in ORDER_TYPES.items()}
_FORCE_CODES = {word.decode(): code for code, word in TIMES_IN_FORCE.items()}
_MANUAL_CODES = {automated: code for code, automated in AUTOMATED.items()}
_TEXTS = {
    Tag.Account: "account_id",
    Tag.OrderID: "order_id",
    Tag.SenderSubID: "operator_id",
    Tag.Symbol: "instrument_id",
}
_NUMBERS = {
    Tag.LastPx: "last_price",
    Tag.LastQty: "last_quantity",
    Tag.OrderQty: "quantity",
    Tag.Price: "limit_price",
    Tag.StopPx: "stop_price",
}
_Row = Mapping[str, Any]


def encode_fix(
    batch: pa.RecordBatch,
    *,
    sender: str | None = None,
    first_number: int = 1,
    fraction_digits: int = 9,
) -> list[bytes]:
    """Return each order event as one FIX 4.4 message.

    Parameters
    ----------
    batch : pa.RecordBatch
        Orders in canonical columns.
    sender : str, optional
        SenderCompID(49) of rows without a `firm_id`.
    first_number : int
        MsgSeqNum(34) of the first row; later rows count on. A row's own `sequence` comes first.
    fraction_digits : int
        3, 6 or 9 digits of TransactTime(60); finer ones are cut.

    Returns
    -------
    list of bytes
        With the tags that `decode` reads and those of the header; BodyLength(9) and CheckSum(10)
        are right. ClOrdID(11), which requests must have, is the order's id where it has none.

    Raises
    ------
    StreamError
        If a row has no firm, a negative `sequence`, or text that FIX cannot hold.
    """
    times = format_times(
        batch.column("event_time_ns").to_numpy(zero_copy_only=False), fraction_digits
    )
    rows = batch.select(ORDER_SCHEMA.names).to_pylist()
    return [
        _message(row, time, first_number + number, sender)
        for number, (row, time) in enumerate(zip(rows, times, strict=True))
    ]


def _message(row: _Row, time: bytes, number: int, sender: str | None) -> bytes:
    event_type = EventType(row["event_type"] or EventType.NEW)
    sequence = number if row["sequence"] is None else row["sequence"]
    if sequence < 0:
        raise StreamError(f"sequence must be at least 0 to be written as FIX, was {sequence}")
    firm = row["firm_id"] or sender
    if firm is None:
        raise StreamError("firm_id must be given to be written as FIX")
    fields: dict[Tag, bytes | None] = {
        Tag.MsgType: _MESSAGE_CODES.get(event_type, EXECUTION_REPORT),
        Tag.SenderCompID: _text(firm),
        Tag.TargetCompID: b"VENUE",
        Tag.MsgSeqNum: str(sequence).encode(),
        Tag.SendingTime: time,
        Tag.TransactTime: time,
        Tag.ClOrdID: _text(row["client_order_id"] or row["order_id"] or str(sequence)),
        Tag.Side: _SIDE_CODES[Side(row["side"])],
        Tag.OrdType: _ORDER_CODES.get(row["order_type"]),
        Tag.TimeInForce: _force(row["time_in_force"]),
        Tag.ManualOrderIndicator: _MANUAL_CODES.get(row["automated"]),
    }
    if event_type in (EventType.CANCEL, EventType.REPLACE):
        fields[Tag.OrigClOrdID] = fields[Tag.ClOrdID]
    if event_type in _EXEC_CODES:
        fields[Tag.ExecType] = _EXEC_CODES[event_type]
        fields[Tag.ExecID] = _text(row["event_id"] or str(sequence))
    fields |= {tag: _text(row[name]) for tag, name in _TEXTS.items()}
    fields |= {tag: _number(row[name]) for tag, name in _NUMBERS.items()}
    return _framed(fields)


def _framed(fields: Mapping[Tag, bytes | None]) -> bytes:
    body = b"".join(
        b"%d=%b\x01" % (tag.value, value) for tag, value in fields.items() if value is not None
    )
    message = b"8=FIX.4.4\x019=%d\x01%b" % (len(body), body)
    return b"%b10=%03d\x01" % (message, sum(message) % 256)


def _text(value: str | None) -> bytes | None:
    if not value:
        return None
    text = value.encode()
    if SEPARATOR in text:
        raise StreamError(f"text must not hold the FIX separator, was {value!r}")
    return text


def _number(value: float | None) -> bytes | None:
    if value is None:
        return None
    if not Decimal(value).is_finite():
        raise StreamError(f"a number must be finite to be written as FIX, was {value}")
    return f"{Decimal(repr(value)).normalize():f}".encode()  # FIX knows no exponents


def _force(value: str | None) -> bytes | None:
    return None if value is None else _FORCE_CODES.get(value, value.encode()) or None
