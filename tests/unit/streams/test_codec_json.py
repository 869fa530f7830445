"""JSON messages: every bad one has its outcome, and the fast path equals the naive one."""

import json
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from helpers.wire import (
    ORDER,
    as_json,
    decoded,
    message,
    messages,
    naive_json,
    only_dead,
    order_batches,
    rows_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.codec import Limits, encode_json
from streams.codec.json_events import decode_json
from streams.errors import StreamError
from streams.messages import DeadReason

GOOD = as_json()
DEEP = b'{"x":' + b"[" * 40 + b"]" * 40 + b"," + GOOD[1:]
HALF_PAIR = b'"\\ud800"'


def with_text(text: bytes) -> bytes:
    return GOOD[:-1] + b"," + text + b"}"


BAD = [
    (b"{", DeadReason.MALFORMED, "must be one JSON object"),
    (b"hello", DeadReason.MALFORMED, "must be one JSON object"),
    (b"[]", DeadReason.MALFORMED, "not an object"),
    (b"null", DeadReason.MALFORMED, "not an object"),
    (GOOD + GOOD, DeadReason.MALFORMED, "Extra data"),
    (GOOD + b"\n" + GOOD, DeadReason.MALFORMED, "Extra data"),
    (GOOD[:-1] + b',"x":\xff}', DeadReason.MALFORMED, "must be UTF-8 text"),
    (with_text(b'"x":"\xff"'), DeadReason.MALFORMED, "must be UTF-8 text"),
    (with_text(b'"order_id":"\xff"'), DeadReason.MALFORMED, "must be UTF-8 text"),
    (GOOD.decode().encode("utf-16"), DeadReason.MALFORMED, "must be UTF-8 text"),
    (with_text(b'"side":"sell"'), DeadReason.MALFORMED, "a name is given twice"),
    (with_text(b'"side":"buy"'), DeadReason.MALFORMED, "a name is given twice"),
    (with_text(b'"s\\u0069de":"sell"'), DeadReason.MALFORMED, "a name is given twice"),
    (with_text(b'"side":"sell","x":"\\u003a"'), DeadReason.MALFORMED, "a name is given twice"),
    (with_text(b'"x":1,"x":2'), DeadReason.MALFORMED, "a name is given twice"),
    (with_text(b'"x":{"y":1,"y":2}'), DeadReason.MALFORMED, "a name is given twice"),
    (DEEP, DeadReason.MALFORMED, "must be nested at most 32 deep"),
    (b'{"x":' * 100_000, DeadReason.MALFORMED, "must be nested at most 32 deep"),
    (with_text(b'"order_id":' + HALF_PAIR), DeadReason.FIELD, "order_id must be UTF-8 text"),
    (with_text(b'"order_id":5'), DeadReason.FIELD, 'order_id must be text, was "5"'),
    (as_json(account_id=17), DeadReason.FIELD, 'account_id must be text, was "17"'),
    (as_json(account_id=None), DeadReason.FIELD, "account_id is required"),
    (as_json(account_id=""), DeadReason.FIELD, "account_id is required"),
    (as_json(account_id="x" * 257), DeadReason.FIELD, "must be at most 256 bytes"),
    (as_json(side="short"), DeadReason.FIELD, 'side must be buy or sell, was "short"'),
    (as_json(quantity="2"), DeadReason.FIELD, 'quantity must be a number, was "2"'),
    (as_json(quantity=True), DeadReason.FIELD, "quantity must be a number"),
    (as_json(quantity=-1), DeadReason.FIELD, 'quantity must be greater than 0, was "-1"'),
    (as_json(quantity=0), DeadReason.FIELD, "quantity must be greater than 0"),
    (as_json(quantity=float("nan")), DeadReason.FIELD, "quantity must be finite"),
    (GOOD.replace(b"2.0", b"Infinity"), DeadReason.FIELD, "quantity must be finite"),
    (GOOD.replace(b"2.0", b"1e999"), DeadReason.FIELD, "quantity must be finite"),
    (GOOD.replace(b"2.0", b"9" * 400), DeadReason.FIELD, "quantity must be finite"),
    (GOOD.replace(b"2.0", b"9" * 5_000), DeadReason.MALFORMED, "4300 digits"),
    (as_json(sequence=1 << 63), DeadReason.FIELD, "sequence must be a whole number"),
    (as_json(sequence=1.5), DeadReason.FIELD, "sequence must be a whole number"),
    (as_json(event_time_ns=1.7e18), DeadReason.FIELD, "event_time_ns must be a whole number"),
    (as_json(event_time_ns="1700000000000000000"), DeadReason.FIELD, "must be a whole number"),
    (as_json(event_time_ns=None), DeadReason.FIELD, "event_time_ns is required"),
    (as_json(event_time_ns=0), DeadReason.CLOCK, "must be from 1990-01-01"),
    (as_json(event_time_ns=1_700_000_000), DeadReason.CLOCK, "must be from 1990-01-01"),
    (as_json(event_time_ns=(1 << 63) - 1), DeadReason.CLOCK, "is ahead of the clock"),
    (as_json(event_time_ns=-5), DeadReason.CLOCK, 'was "-5"'),
]
GOOD_FORMS = [
    GOOD,
    b" \n" + GOOD + b"\r\n",
    json.dumps(ORDER, indent=1).encode(),
    with_text(b'"unknown":"a:b"'),
    with_text(b'"unknown":{"deep":[{"er":null}]},"other":NaN'),
    with_text(b'"unknown":' + HALF_PAIR),
    with_text(b'"order_id":null'),
    with_text(b'"order_id":""'),
    as_json(sequence=7.0),
    as_json(quantity=2),
    GOOD.replace(b"side", b"s\\u0069de"),
    GOOD.replace(b": ", b" :"),
]


@pytest.mark.parametrize(("value", "reason", "words"), BAD)
def test_a_poisonous_message_condemns_itself_only(
    value: bytes, reason: DeadReason, words: str
) -> None:
    run = messages([GOOD, value, as_json(event_id="F1-2")])
    found = decoded(run)
    (letter,) = found.dead
    assert (letter.message, letter.row, letter.reason) == (run[1], None, reason)
    assert words in letter.sentence
    assert [row["event_id"] for row in rows_of(found)] == ["F1-1", "F1-2"]
    assert found.message.tolist() == [0, 2]
    assert found.n_read == 3


@pytest.mark.parametrize("value", GOOD_FORMS)
def test_an_order_is_read_however_it_is_written(value: bytes) -> None:
    expected = rows_of(decoded([message(GOOD)]))
    assert rows_of(decoded([message(value)])) == expected
    assert rows_of(decoded(messages([GOOD, value]))) == expected * 2


def test_halves_of_two_messages_do_not_make_an_event() -> None:
    half = GOOD.index(b",")
    found = decoded(messages([GOOD[:half], GOOD[half:], GOOD + b"\n" + GOOD]))
    assert [letter.reason for letter in found.dead] == [DeadReason.MALFORMED] * 3


def test_a_name_given_twice_is_seen_beside_messages_with_fewer_values() -> None:
    found = decoded(messages([with_text(b'"side":"sell"'), as_json(order_id="O", side="sell")]))
    assert [letter.message.offset for letter in found.dead] == [0]


def test_depth_counts_brackets_outside_texts_only() -> None:
    value = as_json(order_id='"[' * 40 + "\\")
    assert rows_of(decoded([message(value)]))[0]["order_id"] == '"[' * 40 + "\\"
    nested = b'{"x":[{"y":[1]}],' + GOOD[1:]
    assert decoded([message(nested)], limits=Limits(max_depth=4)).batch.num_rows == 1
    found = decoded([message(nested)], limits=Limits(max_depth=3))
    assert only_dead(found).reason is DeadReason.MALFORMED


@pytest.mark.timeout(30)  # what reads a text again from each of its quotes takes an hour
@pytest.mark.parametrize("text", [b'"\\"[{' * 1_500_000, b'[["' * 33 + b"\\" * 7_000_001])
def test_a_large_text_without_an_end_is_read_once(text: bytes) -> None:
    letter = only_dead(decoded([message(b'{"x":' + text)]))
    assert letter.reason is DeadReason.MALFORMED


def test_all_tables_are_read_from_json() -> None:
    session = b'{"session_id":"S","account_id":"A","start_time_ns":1700000000000000000,"asn":"1"}'
    assert rows_of(decoded([message(session)], "sessions"))[0]["asn"] == "1"
    instrument = b'{"instrument_id":"ESZ6","family":"ES","multiplier":50}'
    found = decoded([message(instrument, key=b"ESZ6")], "instruments")
    assert rows_of(found)[0]["multiplier"] == 50.0


@settings(deadline=None)
@given(order_batches())
def test_what_is_written_as_json_is_read_back(batch: Any) -> None:
    assert decoded(messages(encode_json(batch))).batch.equals(batch)


def test_a_number_that_json_cannot_hold_is_not_written() -> None:
    batch = decoded([message(GOOD)]).batch
    quantity = batch.schema.get_field_index("quantity")
    infinite = batch.set_column(quantity, "quantity", pa.array([float("inf")]))
    with pytest.raises(StreamError, match="quantity must be finite"):
        encode_json(infinite)


_pieces = st.sampled_from(
    [value for value, _, _ in BAD if len(value) < 10_000 and value != DEEP] + GOOD_FORMS
)
_cells = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats()
    | st.text(max_size=4)
    | st.lists(st.integers(), max_size=2)
)
_objects = st.dictionaries(st.sampled_from([*ORDER, "automated", "x"]), _cells, max_size=6)
_near = _objects.map(lambda cells: json.dumps(ORDER | cells).encode("utf-8"))
_cut = st.builds(lambda value, n: value[:n], _near, st.integers(1, 400))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_pieces | _near | _cut | st.binary(min_size=1), min_size=1, max_size=8))
def test_the_fast_path_decides_as_the_naive_one(values: list[bytes]) -> None:
    found = decoded(messages(values))
    outcomes: dict[int, Any] = dict(zip(found.message.tolist(), rows_of(found), strict=True))
    outcomes |= {letter.message.offset: letter.reason for letter in found.dead}
    assert [outcomes[place] for place in range(len(values))] == naive_json(values)


def test_plain_messages_are_decoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("decoded one by one")

    monkeypatch.setattr("streams.codec.json_events._decode_one", refuse)
    values = [GOOD, as_json(order_id="O:1"), with_text(b'"unknown":"a:b"'), as_json(firm_id=None)]
    part = decode_json(values, range(4), "orders", Limits())
    assert part.batch.num_rows == 4
    assert msgspec.json.decode(values[1])["order_id"] == part.batch["order_id"][1].as_py()
