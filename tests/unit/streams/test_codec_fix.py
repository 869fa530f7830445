"""FIX messages: framing and checks, codes and times, and a parser no one here wrote."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import simplefix
from helpers.wire import (
    TIME_NS,
    cut_to_fix,
    decoded,
    fix_order_batches,
    message,
    messages,
    only_dead,
    order_batch,
    rows_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.codec import ContentType, encode_fix
from streams.codec.fix_time import format_times, parse_times
from streams.errors import StreamError
from streams.messages import DeadReason

FIX = ContentType.FIX
GOOD = encode_fix(order_batch({}))[0]
ORDER_FIELDS = {
    35: "D",
    49: "F1",
    56: "VENUE",
    34: "7",
    52: "20231114-22:13:20",
    60: "20231114-22:13:20.123456789",
    11: "C1",
    1: "A1",
    55: "ESZ6",
    54: "1",
    38: "2",
    40: "2",
    44: "5012.25",
}


def framed(fields: dict[int, Any], version: str = "FIX.4.4", extra: bytes = b"") -> bytes:
    """Return a message as another library frames it."""
    built = simplefix.FixMessage()
    built.append_pair(8, version)
    for tag, value in fields.items():
        if value is not None:
            built.append_pair(tag, value)
    if not extra:
        return bytes(built.encode())
    body = b"".join(b"%b=%b\x01" % pair for pair in built.pairs[1:]) + extra
    head = b"8=%b\x019=%d\x01" % (version.encode(), len(body))
    return b"%b10=%03d\x01" % (head + body, sum(head + body) % 256)


def row_of(value: bytes) -> dict[str, Any]:
    (row,) = rows_of(decoded([message(value, FIX)]))
    return {name: cell for name, cell in row.items() if cell is not None}


@settings(deadline=None)
@given(fix_order_batches(), st.sampled_from([3, 6, 9]))
def test_what_is_written_as_fix_is_read_back(batch: pa.RecordBatch, digits: int) -> None:
    found = decoded(messages(encode_fix(batch, fraction_digits=digits), FIX))
    assert rows_of(found) == [cut_to_fix(row, digits) for row in batch.to_pylist()]


@settings(deadline=None)
@given(fix_order_batches())
def test_another_parser_reads_what_is_written(batch: pa.RecordBatch) -> None:
    for value, row in zip(encode_fix(batch), batch.to_pylist(), strict=True):
        parser = simplefix.FixParser()
        parser.append_buffer(value)
        read = parser.get_message()
        assert read.get(49).decode() == row["firm_id"]
        assert read.get(11).decode() == row["client_order_id"]
        assert int(read.get(34)) == row["sequence"]
        assert read.encode() == value  # its own length and checksum are ours


@pytest.mark.parametrize("version", ["FIX.4.2", "FIX.4.4"])
def test_what_another_library_writes_is_read(version: str) -> None:
    assert row_of(framed(ORDER_FIELDS, version)) == {
        "event_time_ns": TIME_NS,
        "account_id": "A1",
        "instrument_id": "ESZ6",
        "side": "buy",
        "quantity": 2.0,
        "event_id": "F1/C1/7",
        "event_type": "new",
        "sequence": 7,
        "client_order_id": "C1",
        "firm_id": "F1",
        "order_type": "limit",
        "limit_price": 5012.25,
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({35: "G", 41: "C0"}, {"event_type": "replace"}),
        ({35: "F", 41: "C0", 38: None}, {"event_type": "cancel"}),
        ({35: "8", 150: "0", 17: "E1"}, {"event_type": "new", "event_id": "F1/C1/E1"}),
        ({35: "8", 150: "F", 32: "1", 31: "5012"}, {"event_type": "fill", "last_price": 5012.0}),
        ({35: "8", 150: "1", 32: "1"}, {"event_type": "fill", "last_quantity": 1.0}),
        ({35: "8", 150: "2"}, {"event_type": "fill"}),
        ({35: "8", 150: "4"}, {"event_type": "cancel"}),
        ({35: "8", 150: "5"}, {"event_type": "replace"}),
        ({35: "8", 150: "8", 11: None}, {"event_type": "reject", "event_id": "F1//7"}),
        ({35: "8", 150: "C", 37: "O1"}, {"event_type": "expire", "order_id": "O1"}),
        ({54: "5"}, {"side": "sell"}),
        ({40: "4", 99: "5000"}, {"order_type": "stop_limit", "stop_price": 5000.0}),
        ({40: None, 44: None}, {"side": "buy"}),
        ({48: "123", 55: "ES"}, {"instrument_id": "123"}),
        ({59: "3"}, {"time_in_force": "ioc"}),
        ({59: "Z"}, {"time_in_force": "Z"}),
        ({50: "desk", 1028: "Y"}, {"operator_id": "desk", "automated": False}),
        ({1028: "N"}, {"automated": True}),
        ({60: "20231114-22:13:20"}, {"event_time_ns": 1_700_000_000_000_000_000}),
        ({60: "20231114-22:13:20.123"}, {"event_time_ns": 1_700_000_000_123_000_000}),
        ({60: "20231114-22:13:20.123456"}, {"event_time_ns": 1_700_000_000_123_456_000}),
        ({60: "20161231-23:59:60"}, {"event_time_ns": 1_483_228_800_000_000_000}),
        ({9999: "unknown"}, {"side": "buy"}),
    ],
)
def test_the_standard_codes_become_the_contract_words(
    fields: dict[int, Any], expected: dict[str, Any]
) -> None:
    row = row_of(framed(ORDER_FIELDS | fields))
    assert {name: row[name] for name in expected} == expected


def test_data_fields_may_hold_the_separator() -> None:
    hidden = b"95=10\x0196=a\x0154=2\x01=b.\x01"
    assert row_of(framed(ORDER_FIELDS, extra=hidden))["side"] == "buy"
    reason, words = refusal(framed(ORDER_FIELDS, extra=b"95=99\x0196=abc\x01"))
    assert (reason, words) == (
        DeadReason.MALFORMED,
        "must hold data fields of the length they give",
    )
    assert refusal(framed(ORDER_FIELDS, extra=b"95=x\x0196=a\x01"))[0] is DeadReason.MALFORMED


def test_repeating_groups_are_passed_over() -> None:
    parties = b"453=2\x01448=P1\x01447=D\x01448=P2\x01447=D\x01"
    assert row_of(framed(ORDER_FIELDS, extra=parties))["account_id"] == "A1"


def refusal(value: bytes) -> tuple[DeadReason, str]:
    """Return why a message is refused, checked to fall alone."""
    run = messages([GOOD, value, GOOD], FIX)
    found = decoded(run)
    assert found.message.tolist() == [0, 2]
    (letter,) = found.dead
    assert (letter.message, letter.row) == (run[1], None)
    return letter.reason, letter.sentence


def test_a_wrong_length_or_checksum_is_refused_with_the_right_one() -> None:
    n_bytes = int(re.findall(rb"9=(\d+)", GOOD)[0])
    longer = GOOD.replace(b"9=%d" % n_bytes, b"9=%d" % (n_bytes + 1))
    assert refusal(longer) == (
        DeadReason.CHECKSUM,
        f'BodyLength(9) must be the body\'s {n_bytes} bytes, was "{n_bytes + 1}"',
    )
    given = int(GOOD[-4:-1])
    wrong = GOOD[:-4] + b"%03d\x01" % ((given + 1) % 256)
    assert refusal(wrong) == (
        DeadReason.CHECKSUM,
        f'CheckSum(10) must be {given:03d}, was "{(given + 1) % 256:03d}"',
    )


@pytest.mark.parametrize(
    ("value", "reason", "words"),
    [
        (b"hello", DeadReason.MALFORMED, "must be one FIX message"),
        (GOOD[:-1], DeadReason.MALFORMED, "must be one FIX message"),
        (GOOD.replace(b"\x01", b"|"), DeadReason.MALFORMED, "must be one FIX message"),
        (GOOD + GOOD, DeadReason.CHECKSUM, "BodyLength(9)"),
        (framed(ORDER_FIELDS, "FIX.4.0"), DeadReason.SCHEMA, "BeginString(8)"),
        (framed(ORDER_FIELDS, "FIXT.1.1"), DeadReason.SCHEMA, "BeginString(8)"),
        (framed(ORDER_FIELDS | {35: "0"}), DeadReason.SCHEMA, "MsgType(35)"),
        (framed(ORDER_FIELDS, extra=b"54=2\x01"), DeadReason.MALFORMED, "Side(54) must be given"),
        (framed(ORDER_FIELDS, extra=b"5400\x01"), DeadReason.MALFORMED, "must be TAG=VALUE"),
        (framed(ORDER_FIELDS, extra=b"58=\x01"), DeadReason.MALFORMED, "an empty field"),
        (framed(ORDER_FIELDS | {49: None}), DeadReason.FIELD, "SenderCompID(49) is required"),
        (framed(ORDER_FIELDS | {34: None}), DeadReason.FIELD, "MsgSeqNum(34) is required"),
        (framed(ORDER_FIELDS | {60: None}), DeadReason.FIELD, "TransactTime(60) is required"),
        (framed(ORDER_FIELDS | {34: "x"}), DeadReason.FIELD, "MsgSeqNum(34) must be a whole"),
        (framed(ORDER_FIELDS | {34: "9" * 30}), DeadReason.FIELD, "MsgSeqNum(34) must be a whole"),
        (framed(ORDER_FIELDS | {38: "two"}), DeadReason.FIELD, "OrderQty(38) must be a number"),
        (framed(ORDER_FIELDS | {38: "nan"}), DeadReason.FIELD, "quantity must be finite"),
        (framed(ORDER_FIELDS | {38: "-2"}), DeadReason.FIELD, "quantity must be greater than 0"),
        (framed(ORDER_FIELDS | {54: "9"}), DeadReason.FIELD, "Side(54) must be 1, 2, 3, 4, 5 or 6"),
        (framed(ORDER_FIELDS | {54: None}), DeadReason.FIELD, "side is required"),
        (framed(ORDER_FIELDS | {40: "P"}), DeadReason.FIELD, "OrdType(40) must be 1, 2, 3 or 4"),
        (framed(ORDER_FIELDS | {1028: "1"}), DeadReason.FIELD, "ManualOrderIndicator(1028)"),
        (framed(ORDER_FIELDS | {35: "8"}), DeadReason.FIELD, "ExecType(150) of a report must be"),
        (framed(ORDER_FIELDS | {35: "8", 150: "A"}), DeadReason.FIELD, 'or F, was "A"'),
        (framed(ORDER_FIELDS | {1: None}), DeadReason.FIELD, "account_id is required"),
        (framed(ORDER_FIELDS | {1: b"\xff"}), DeadReason.FIELD, "Account(1) must be UTF-8 text"),
        (framed(ORDER_FIELDS | {49: b"\xff"}), DeadReason.FIELD, "must be UTF-8 text"),
        (framed(ORDER_FIELDS | {60: "2023-11-14"}), DeadReason.FIELD, "TransactTime(60) must be"),
        (framed(ORDER_FIELDS | {60: "20230229-00:00:00"}), DeadReason.FIELD, "TransactTime(60)"),
        (framed(ORDER_FIELDS | {60: "19700101-00:00:00"}), DeadReason.CLOCK, "event_time_ns"),
        (framed(ORDER_FIELDS | {60: "22620411-23:47:17"}), DeadReason.CLOCK, "event_time_ns"),
        (framed(ORDER_FIELDS | {60: "99991231-23:59:59"}), DeadReason.CLOCK, "event_time_ns"),
    ],
)
def test_a_bad_message_is_refused_with_its_tag(
    value: bytes, reason: DeadReason, words: str
) -> None:
    found, sentence = refusal(value)
    assert found is reason
    assert words in sentence


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_any_changed_byte_is_noticed(place: int, byte: int) -> None:
    value = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
    found = decoded([message(value, FIX)])
    if value == GOOD:
        assert found.batch.num_rows == 1
    else:
        assert only_dead(found).reason is not DeadReason.CLOCK


def test_fix_carries_orders_only() -> None:
    found = decoded([message(GOOD, FIX, key=b"A1")], "accounts")
    assert only_dead(found).reason is DeadReason.CONTENT_TYPE


def test_what_fix_cannot_hold_is_not_written() -> None:
    with pytest.raises(StreamError, match="separator"):
        encode_fix(order_batch({"account_id": "a\x01b"}))
    with pytest.raises(StreamError, match="sequence"):
        encode_fix(order_batch({"sequence": -1}))
    with pytest.raises(StreamError, match="firm_id"):
        encode_fix(order_batch({"firm_id": None}))
    with pytest.raises(StreamError, match="finite"):
        encode_fix(order_batch({"limit_price": float("inf")}))


def test_rows_without_firm_or_sequence_take_the_senders() -> None:
    batch = order_batch({"firm_id": None, "sequence": None}, {"sequence": None})
    found = decoded(messages(encode_fix(batch, sender="F9", first_number=40), FIX))
    assert [(row["firm_id"], row["sequence"]) for row in rows_of(found)] == [("F9", 40), ("F1", 41)]


@given(st.lists(st.integers(-(10**18), 2 * 10**18), min_size=1))
def test_times_survive_the_journey(times_ns: list[int]) -> None:
    read, good = parse_times(format_times(np.array(times_ns), 9))
    assert good.all()
    assert read.tolist() == times_ns


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"20231114",
        b"20231114-22:13",
        b"20231114-22:13:20.",
        b"20231114-22:13:20,123",
        b"20231114-22:13:20.1234567890",
        b"20231114-24:00:00",
        b"20231114-22:60:00",
        b"20231114-22:13:61",
        b"20231314-22:13:20",
        b"20231100-22:13:20",
        b"20230931-22:13:20",
        b"20231114 22:13:20",
        b"2023111a-22:13:20",
        b"20231114-22:13:20Z",
    ],
)
def test_other_forms_of_time_are_refused(text: bytes) -> None:
    _, good = parse_times([text, b"20231114-22:13:20"])
    assert good.tolist() == [False, True]
