"""Bad input to the worker: each kind has its stated outcome, and everything reconciles."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from helpers.live_events import DAY_NS, SECOND_NS, START_NS, MemorySource, events, json_messages
from helpers.live_events import typed as message
from helpers.live_worker import STREAM, outcomes, started, work

from models.params import DetectionParams
from streams.codec import ContentType, encode_arrow, encode_fix, encode_json
from streams.messages import DeadReason, Message
from surveillance.clock import now_ns
from surveillance.errors import StoreError
from surveillance.live.whole_scan import scan_journal
from surveillance.store import Store

ARROW, FIX = ContentType.ARROW, ContentType.FIX
FIRST = {"event_id": "first", "sequence": 1}
SECOND = {"event_id": "second", "sequence": 2, "event_time_ns": START_NS + SECOND_NS}
MINUTE_NS = 60 * SECOND_NS


def order(**changes: object) -> bytes:
    """Return an order as JSON; a field set to None is left out."""
    (row,) = events(SECOND).to_pylist()
    return json.dumps({k: v for k, v in (row | changes).items() if v is not None}).encode()


def fix(old: bytes = b"", new: bytes = b"") -> bytes:
    (value,) = encode_fix(events(SECOND))
    assert old in value
    return value.replace(old, new)


def arrow(*columns_dropped: str) -> bytes:
    return encode_arrow(events(SECOND).drop_columns(list(columns_dropped)))


def other_type() -> bytes:
    batch = events(SECOND)
    place = batch.schema.get_field_index("quantity")
    return encode_arrow(batch.set_column(place, "quantity", pa.array([[1.0]])))


DEAD: dict[str, tuple[Message, DeadReason, str]] = {
    "invalid JSON": (message(b'{"side": '), DeadReason.MALFORMED, "JSON"),
    "no object": (message(b"[1, 2]"), DeadReason.MALFORMED, "object"),
    "not UTF-8": (message(b'{"side": "\xff"}'), DeadReason.MALFORMED, "UTF-8"),
    "wrong type": (message(order(quantity="two")), DeadReason.FIELD, "quantity"),
    "wrong word": (message(order(side="long")), DeadReason.FIELD, "side"),
    "missing field": (message(order(account_id=None)), DeadReason.FIELD, "account_id"),
    "no quantity above 0": (message(order(quantity=-1)), DeadReason.FIELD, "quantity"),
    "unknown content type": (
        message(order(), b"application/xml"),
        DeadReason.CONTENT_TYPE,
        "xml",
    ),
    "truncated Arrow": (message(arrow()[:-20], ARROW), DeadReason.MALFORMED, "Arrow"),
    "Arrow without a column": (message(arrow("side"), ARROW), DeadReason.SCHEMA, "side"),
    "Arrow of another type": (message(other_type(), ARROW), DeadReason.SCHEMA, "quantity"),
    "FIX checksum": (message(fix(b"55=ES", b"55=NQ"), FIX), DeadReason.CHECKSUM, "CheckSum"),
    "FIX length": (message(fix(b"\x019=", b"\x019=1"), FIX), DeadReason.CHECKSUM, "BodyLength"),
    "too large": (message(order() + b" " * (9 << 20)), DeadReason.TOO_LARGE, "8,388,608"),
    "null value, a tombstone where none belongs": (message(None), DeadReason.EMPTY, "null"),
    "empty value": (message(b""), DeadReason.EMPTY, "empty"),
    "1970": (message(order(event_time_ns=0)), DeadReason.CLOCK, "1990"),
    "2262": (message(order(event_time_ns=2**63 - 1)), DeadReason.CLOCK, "ahead of the clock"),
    "another firm's topic": (
        message(order())._replace(topic="orders.v1.F2"),
        DeadReason.FIRM,
        "must be F2",
    ),
    "uncountable price": (message(order(limit_price=1e300)), DeadReason.FIELD, "limit_price"),
    "uncountable quantity": (message(order(quantity=4.7e9)), DeadReason.FIELD, "must be below"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/s.db") as opened:
        yield opened


def around(middle: Sequence[Message]) -> list[Message]:
    """Return messages between a good one and a good one, offsets counting on."""
    all_of_them = [message(encode_json(events(FIRST))[0]), *middle, *json_messages(events(SECOND))]
    return [each._replace(offset=offset) for offset, each in enumerate(all_of_them)]


@pytest.mark.parametrize("kind", DEAD)
def test_what_is_refused_is_set_aside_and_what_is_around_it_goes_on(
    store: Store, kind: str
) -> None:
    bad, reason, words = DEAD[kind]
    worker = work(store, around([bad]))
    assert outcomes(store) == {"accepted": 2, "dead": 1}
    stored = store.live(STREAM).dead_letter(0).letter
    assert stored.reason is reason
    assert words in stored.sentence
    assert stored.message == bad._replace(offset=1)
    (record,) = (row.record for row in store.live(STREAM).pending())
    assert (record.topic, json.loads(record.value)["reason"]) == ("dead-letters.v1", reason.value)
    assert worker.n_waiting == 0
    assert store.reader.latest_run(STREAM) is not None  # it was closed


OTHERS: dict[str, tuple[Message, str]] = {
    "null key": (message(order(event_id="x"))._replace(key=None), "accepted"),
    "negative sequence": (message(order(event_id="x", sequence=-5)), "accepted"),
    "gap of the sequence": (message(order(event_id="x", sequence=10**12)), "accepted"),
    "unknown names": (message(order(event_id="x", color="red")), "accepted"),
    "sent again": (message(encode_json(events(FIRST))[0]), "duplicates"),
    "its own firm's topic": (
        message(order(event_id="x"))._replace(topic="orders.v1.F1"),
        "accepted",
    ),
    "5 minutes slow": (
        message(order(event_id="x", event_time_ns=START_NS - 5 * MINUTE_NS)),
        "late",
    ),
    "price just countable": (message(order(event_id="x", limit_price=4.6e9)), "accepted"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_not_refused_has_its_outcome(store: Store, kind: str) -> None:
    odd, outcome = OTHERS[kind]
    work(store, around([odd]))
    expected = {"accepted": 2}
    expected[outcome] = expected.get(outcome, 0) + 1
    assert outcomes(store) == expected


def test_poison_in_an_arrow_batch_condemns_its_row(store: Store) -> None:
    batch = events(FIRST, SECOND | {"quantity": -1.0, "event_id": "bad"}, SECOND)
    work(store, [message(encode_arrow(batch), ARROW)])
    assert outcomes(store) == {"accepted": 2, "dead": 1}
    assert store.live(STREAM).dead_letter(0).letter.row == 1


def test_a_reference_row_needs_its_key_and_a_tombstone_something_to_remove(store: Store) -> None:
    row = json.dumps({"account_id": "A", "owner_id": "O"}).encode()
    reference = [
        Message("accounts.v1", 0, 0, row, b"A"),
        Message("accounts.v1", 0, 1, row, b"B"),
        Message("accounts.v1", 0, 2, row, None),
        Message("accounts.v1", 0, 3, None, None),
        Message("accounts.v1", 0, 4, None, b"never there"),
        Message("sessions.v1", 0, 0, None, b"A"),
    ]
    work(store, json_messages(events(FIRST)), reference)
    assert outcomes(store) == {"accepted": 2, "dead": 4}
    letters = store.streams.list_dead_letters(STREAM, None, 10).letters
    assert sorted(letter.reason for letter in letters) == ["empty", "key", "key", "key"]
    assert len(store.live(STREAM).reference("accounts")) == 1


def test_a_firm_that_sends_the_day_twice_sends_duplicates(store: Store) -> None:
    day = events(
        *(
            {"event_id": f"e{n}", "event_time_ns": START_NS + n * MINUTE_NS, "firm_id": firm}
            for n in range(600)
            for firm in ("F1", "F2")
        )
    )
    once = json_messages(day)
    again = json_messages(day.filter(pa.array([True, False] * 600)), first_offset=1_200)
    work(store, [*once, *again])
    assert outcomes(store) == {"accepted": 1_200, "duplicates": 600}


def test_a_firm_that_stops_does_not_stop_the_others(store: Store) -> None:
    both = events(*({"event_id": firm, "firm_id": firm} for firm in ("F1", "F2")))
    orders = MemorySource(json_messages(both))
    worker = started(store, orders)
    worker.step(0.0)
    assert worker.n_waiting == 2
    rest = events(
        *({"event_id": f"e{n}", "event_time_ns": START_NS + n * SECOND_NS} for n in range(1, 121))
    )
    orders.add(json_messages(rest, first_offset=2))
    worker.step(0.0)
    assert worker.n_waiting == 1
    assert worker.lag_ns == SECOND_NS // 2


def test_a_firm_whose_clock_is_5_minutes_slow_is_late_among_others(store: Store) -> None:
    slow = ({"firm_id": "F2", "event_time_ns": START_NS + n * SECOND_NS} for n in range(100))
    right = ({"event_time_ns": START_NS + 5 * MINUTE_NS + n * SECOND_NS} for n in range(100))
    both = (change for pair in zip(right, slow, strict=True) for change in pair)
    work(store, json_messages(events(*both)))
    assert outcomes(store) == {"accepted": 100, "late": 100}


def test_a_scan_of_the_journal_judges_late_events_too(store: Store, tmp_path: Path) -> None:
    on_time = ({"event_time_ns": START_NS + n * MINUTE_NS} for n in range(10))
    late = {"event_id": "late", "event_time_ns": START_NS}
    named = ({"event_id": f"e{n}", **change} for n, change in enumerate(on_time))
    work(store, json_messages(events(*named, late)))
    assert outcomes(store) == {"accepted": 10, "late": 1}
    result = scan_journal(
        store, STREAM, out=tmp_path / "out", params=DetectionParams(), artifact=None
    )
    assert result.findings.manifest.counts["read"] == 11
    assert (tmp_path / "out" / "groups.jsonl").exists()
    with pytest.raises(StoreError, match="holds no events of a stream other"):
        scan_journal(store, "other", out=tmp_path / "none", params=DetectionParams(), artifact=None)


def test_dead_letters_are_replayed_exactly_once(store: Store) -> None:
    bad = message(order(quantity=-1))
    good = message(order(event_id="x"), b"application/xml")
    work(store, around([bad, good]))
    live = store.live(STREAM)
    assert outcomes(store) == {"accepted": 2, "dead": 2}
    work(store, around([bad, good]))
    assert outcomes(store) == {"accepted": 2, "dead": 2}  # the positions are past it
    assert [live.replay(number) for number in (0, 0, 1)] == [0, 0, 1]
    work(store, [])
    assert outcomes(store) == {"accepted": 2, "dead": 4}  # refused again: new letters
    work(store, [])
    assert outcomes(store) == {"accepted": 2, "dead": 4}


def test_a_clock_that_is_5_minutes_fast_is_said_to_be(store: Store) -> None:
    work(store, around([message(order(event_time_ns=now_ns() + 5 * MINUTE_NS))]))
    assert outcomes(store) == {"accepted": 2, "dead": 1}
    letter = store.live(STREAM).dead_letter(0).letter
    assert letter.reason is DeadReason.CLOCK
    assert "is ahead of the clock, its sender's may be fast" in letter.sentence


def test_a_letter_that_is_good_now_enters_once_though_it_is_replayed_twice(store: Store) -> None:
    """A clock that was fast is right once its time has come."""
    soon = now_ns() + 61 * SECOND_NS
    ahead = message(order(event_id="x", event_time_ns=soon))
    work(store, around([ahead]))
    assert outcomes(store) == {"accepted": 2, "dead": 1}
    store.live(STREAM).replay(0)
    _wait_until(soon - 59 * SECOND_NS)
    for _ in range(2):
        work(store, [])
        store.live(STREAM).replay(0)
        assert outcomes(store) == {"accepted": 3, "dead": 1}
    (segment,) = list(store.live(STREAM).segments())[-1:]
    assert b"x" in segment


def _wait_until(time_ns: int) -> None:
    while now_ns() < time_ns:
        time.sleep(0.1)


def test_reading_the_topic_again_from_the_beginning_adds_nothing(store: Store) -> None:
    """Lost positions: every event is known by its id."""
    days = events(
        *({"event_id": f"e{n}", "event_time_ns": START_NS + n * DAY_NS} for n in range(3))
    )
    work(store, json_messages(days))
    moved = json_messages(days, partition=1)
    work(store, moved)
    assert outcomes(store) == {"accepted": 3, "duplicates": 3}
