"""What holds of every form: content types, sizes, firms, keys, tombstones, mixed runs."""

import json
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from helpers.wire import (
    TIME_NS,
    as_json,
    decoded,
    message,
    messages,
    only_dead,
    order_batch,
    rows_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.codec import ContentType, Limits, encode_arrow, encode_fix, encode_json, portions
from streams.messages import DeadReason, Message
from streams.tables import TABLES

BY_FORM = {
    ContentType.JSON: encode_json(order_batch({}))[0],
    ContentType.ARROW: encode_arrow(order_batch({}, {"event_id": "F1-2"})),
    ContentType.FIX: encode_fix(order_batch({}))[0],
}


@pytest.mark.parametrize(
    "name",
    [b"Application/JSON", b"application/json; charset=utf-8", b" application/json ", None],
)
def test_a_content_type_is_read_as_http_writes_it(name: bytes | None) -> None:
    assert decoded([message(as_json(), name)]).batch.num_rows == 1
    other = Message("orders.v1", 0, 0, as_json(), None, (("trace", b"1"),))
    assert decoded([other]).batch.num_rows == 1
    upper = Message(
        "orders.v1", 0, 0, BY_FORM[ContentType.FIX], None, (("Content-Type", b"application/fix"),)
    )
    assert decoded([upper]).batch.num_rows == 1


@pytest.mark.parametrize("name", [b"", b"text/csv", b"application/avro", b"\xff\x00\x1b[2J"])
def test_an_unknown_content_type_condemns_its_message(name: bytes) -> None:
    found = decoded([message(as_json(), name), message(as_json(), offset=1)])
    (letter,) = found.dead
    assert letter.reason is DeadReason.CONTENT_TYPE
    assert letter.sentence.startswith("content-type must be application/json, application/vnd")
    assert found.message.tolist() == [1]


@pytest.mark.parametrize("kind", list(ContentType))
def test_a_value_of_another_form_than_it_says_is_malformed(kind: ContentType) -> None:
    for form, value in BY_FORM.items():
        if form is not kind:
            found = decoded([message(value, kind)])
            assert only_dead(found).reason is DeadReason.MALFORMED


@pytest.mark.parametrize("value", [None, b""])
def test_a_value_that_is_null_or_empty_is_a_dead_letter_of_orders(value: bytes | None) -> None:
    letter = only_dead(decoded([message(value, key=b"ES")]))
    assert letter.reason is DeadReason.EMPTY
    assert letter.sentence == f"value must not be {'empty' if value == b'' else 'null'}"


@pytest.mark.parametrize("kind", list(ContentType))
def test_a_message_of_20_megabytes_is_refused_unread(kind: ContentType) -> None:
    big = message(b"{" * 20_000_000, kind)
    letter = only_dead(decoded([big]))
    assert letter.reason is DeadReason.TOO_LARGE
    assert letter.sentence == 'value must be at most 8,388,608 bytes, was "20,000,000"'
    assert letter.message == big


def test_the_limit_of_a_message_is_inclusive() -> None:
    value = as_json()
    exact = decoded([message(value)], limits=Limits(max_message_bytes=len(value)))
    assert exact.batch.num_rows == 1
    less = decoded([message(value)], limits=Limits(max_message_bytes=len(value) - 1))
    assert less.batch.num_rows == 0


@pytest.mark.parametrize("kind", list(ContentType))
def test_a_null_key_of_an_order_does_not_matter(kind: ContentType) -> None:
    assert decoded([message(BY_FORM[kind], kind, key=None)]).batch.num_rows > 0


def test_a_firms_topic_carries_its_own_orders_only() -> None:
    values = [as_json(), as_json(firm_id="F2"), as_json(firm_id=None), as_json(firm_id="")]
    found = decoded(messages(values), firm_id="F1")
    assert [row["firm_id"] for row in rows_of(found)] == ["F1"] * 3
    (letter,) = found.dead
    assert letter.reason is DeadReason.FIRM
    assert letter.sentence == 'firm_id must be F1, whose topic this is, was "F2"'
    batch = order_batch({}, {"firm_id": "F2"})
    found = decoded([message(encode_arrow(batch), ContentType.ARROW)], firm_id="F1")
    assert [(letter.row, letter.reason) for letter in found.dead] == [(1, DeadReason.FIRM)]
    assert rows_of(decoded(messages([as_json(firm_id=None)])))[0]["firm_id"] is None


ACCOUNT = b'{"account_id":"A1","owner_id":"P1"}'
DECLARATION = b'{"declaration_id":"D1","leader_account_id":"L","account_id":"A1"}'


@pytest.mark.parametrize(
    ("table", "value", "key"),
    [
        ("accounts", ACCOUNT, b"A1"),
        ("declarations", DECLARATION, b'["D1","A1"]'),
        ("instruments", b'{"instrument_id":"ES\xc3\xa9"}', "ESé".encode()),
    ],
)
def test_reference_data_stands_under_its_own_key(table: str, value: bytes, key: bytes) -> None:
    good = decoded([message(value, key=key)], table)
    assert good.batch.num_rows == 1
    for wrong in (b"other", None, b"", b"\xff"):
        letter = only_dead(decoded([message(value, key=wrong)], table))
        assert letter.reason is DeadReason.KEY
        assert letter.sentence.startswith("key must be the id of the row")


def test_a_tombstone_removes_its_key_from_a_compacted_topic() -> None:
    run = [message(ACCOUNT, key=b"A1"), message(None, key=b"A1"), message(None, key=None)]
    found = decoded(run, "accounts")
    assert found.tombstones == (1,)
    assert [(letter.message, letter.reason) for letter in found.dead] == [(run[2], DeadReason.KEY)]
    assert found.n_read == 2
    empty = decoded([message(b"", key=b"A1")], "accounts")
    assert only_dead(empty).reason is DeadReason.EMPTY
    session = decoded([message(None, key=b"A1")], "sessions")
    assert only_dead(session).reason is DeadReason.EMPTY


def test_several_rows_under_one_key_are_refused_where_compaction_would_lose_them() -> None:
    schema = TABLES["accounts"].schema
    batch = pa.RecordBatch.from_pylist([{"account_id": "A1"}, {"account_id": "A2"}], schema)
    found = decoded([message(encode_arrow(batch), ContentType.ARROW, key=b"A1")], "accounts")
    assert [row["account_id"] for row in rows_of(found)] == ["A1"]
    assert [(letter.row, letter.reason) for letter in found.dead] == [(1, DeadReason.KEY)]


def test_a_reference_time_in_1970_is_no_trouble() -> None:
    account = b'{"account_id":"A1","opened_time_ns":0}'
    assert decoded([message(account, key=b"A1")], "accounts").batch.num_rows == 1
    session = b'{"session_id":"S","account_id":"A1","start_time_ns":0}'
    assert only_dead(decoded([message(session)], "sessions")).reason is DeadReason.CLOCK


def test_forms_may_mix_in_one_run_and_keep_their_order() -> None:
    kinds = [ContentType.FIX, ContentType.ARROW, ContentType.JSON, ContentType.ARROW]
    run = [message(BY_FORM[kind], kind, offset=at) for at, kind in enumerate(kinds)]
    found = decoded(run)
    assert found.message.tolist() == [0, 1, 1, 2, 3, 3]
    assert found.row.tolist() == [0, 0, 1, 0, 0, 1]
    assert [row["event_id"] for row in rows_of(found)][:3] == ["F1/7/7", "F1-1", "F1-2"]


def test_an_empty_run_gives_nothing() -> None:
    assert decoded([]).n_read == 0


_events = st.sampled_from(
    [message(value, kind) for kind, value in BY_FORM.items()]
    + [
        message(b"{"),
        message(None),
        message(as_json(side="x")),
        message(as_json(), b"x"),
        message(encode_arrow(order_batch({"side": "x"}, {})), ContentType.ARROW),
        message(BY_FORM[ContentType.FIX][:-1], ContentType.FIX),
        message(as_json(event_time_ns=TIME_NS + 1)[:-1] + b',"x":[1]}'),
    ]
)


@settings(deadline=None)
@given(st.lists(_events, max_size=12), st.data())
def test_a_run_may_be_cut_anywhere(run: list[Message], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(run)))
    whole = decoded(run)
    parts = [decoded(run[:cut]), decoded(run[cut:])]
    assert rows_of(whole) == [row for part in parts for row in rows_of(part)]
    assert whole.dead == parts[0].dead + parts[1].dead


@settings(deadline=None)
@given(st.lists(_events, max_size=12), st.integers(1, 5_000))
def test_portions_are_the_run_within_the_limit(run: list[Message], n_bytes: int) -> None:
    cut = list(portions(run, Limits(max_portion_bytes=n_bytes)))
    assert [message for portion in cut for message in portion] == run
    assert all(portion for portion in cut)
    for portion, after in pairwise(cut):
        together = [*portion, after[0]]
        assert next(portions(together, Limits(max_portion_bytes=n_bytes))) == portion


def test_small_messages_that_unfold_far_are_decoded_few_at_a_time() -> None:
    zeros = order_batch(*[{"account_id": "A" * 200}] * 5_000)
    words = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in zeros.columns]
    compact = pa.record_batch(words, zeros.schema.names)
    plain = encode_arrow(zeros, compression="zstd")
    encoded = encode_arrow(compact, compression="zstd")
    assert max(len(plain), len(encoded)) < 100_000
    run = messages([plain] * 40 + [encoded] * 40, ContentType.ARROW)
    limits = Limits(max_portion_bytes=50_000_000)
    sizes = [sum(decoded([m]).batch.nbytes for m in portion) for portion in portions(run, limits)]
    assert 2 < len(sizes) < 80
    assert max(sizes) <= limits.max_portion_bytes


def test_a_sentence_shows_nothing_that_could_harm() -> None:
    hostile = "\x1b[2J\u202e<script>\n" + "x" * 1_000
    letter = only_dead(decoded([message(as_json(side=hostile))]))
    assert "[U+001B]" in letter.sentence
    assert letter.sentence.isprintable()
    assert len(letter.sentence) < 200
    raw: dict[str, Any] = json.loads(letter.message.value or b"")
    assert raw["side"] == hostile
