"""The intake: of any mixture, every event is counted once as read and once as what it became."""

import itertools

import pyarrow as pa
from helpers.live_events import SECOND_NS, START_NS, events, typed
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.codec import ContentType, Limits, encode_arrow, encode_fix, encode_json
from streams.eventtime import EventClock
from streams.messages import Message
from streams.topics import Topics
from surveillance.live.acceptance import Acceptance
from surveillance.live.intake import Intake
from surveillance.live.reference_tables import ReferenceTables

LATEST_NS = START_NS + 3_600 * SECOND_NS
BAD = (None, b"", b"{", b"\xff", b"[]", encode_json(events({"side": "long"}))[0])


def intake(limits: Limits | None = None) -> Intake:
    clock = EventClock(
        allowed_lateness_ns=SECOND_NS, silent_ns=60 * SECOND_NS, memory_ns=3_600 * SECOND_NS
    )
    acceptance = Acceptance(clock, memory_ns=3_600 * SECOND_NS)
    return Intake(Topics(), acceptance, ReferenceTables(), limits or Limits())


rows = st.fixed_dictionaries(
    {
        "event_time_ns": st.integers(-20, 20).map(lambda second: START_NS + second * SECOND_NS),
        "event_id": st.none() | st.sampled_from("abcdef"),
        "firm_id": st.sampled_from(["F1", "F2"]),
        "quantity": st.sampled_from([1.0, 1.0, 1.0, -1.0, 1e300]),
        "sequence": st.integers(0, 9),
    }
)
contents = st.one_of(
    st.sampled_from(BAD).map(lambda value: (value, None, 1)),
    rows.map(lambda row: (encode_json(events(row))[0], ContentType.JSON, 1)),
    rows.map(lambda row: (encode_fix(events(row))[0], ContentType.FIX, 1)),
    st.lists(rows, min_size=1, max_size=5).map(
        lambda several: (encode_arrow(events(*several)), ContentType.ARROW, len(several))
    ),
    rows.map(lambda row: (encode_arrow(events(row))[:-9], ContentType.ARROW, 1)),
    rows.map(lambda row: (encode_json(events(row))[0], b"text/plain", 1)),
)
mixtures = st.lists(
    st.tuples(contents, st.sampled_from(["orders.v1", "orders.v1.F1"]), st.integers(0, 2)),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(mixtures, st.integers(1, 12))
def test_every_event_has_one_outcome(
    found: list[tuple[tuple[bytes | None, ContentType | bytes | None, int], str, int]], step: int
) -> None:
    counter = itertools.count()
    messages: list[Message] = []
    for (value, kind, _), topic, partition in found:
        message = typed(value, kind, offset=next(counter))
        messages.append(message._replace(topic=topic, partition=partition))
    one = intake()
    takings = [
        one.take(messages[start : start + step], latest_time_ns=LATEST_NS)
        for start in range(0, len(messages), step)
    ]
    counts = [count for taken in takings for count in taken.counts()]
    for count in counts:
        assert count.read == count.accepted + count.duplicates + count.late + count.dead
    read = {topic: sum(c.read for c in counts if c.topic == topic) for topic in _topics(found)}
    assert read == {
        topic: sum(n for (_, _, n), t, _ in found if t == topic) for topic in _topics(found)
    }
    assert sum(c.dead for c in counts) == sum(len(taken.dead) for taken in takings)
    kept = [batch for taken in takings for batch in taken.on_time]
    assert sum(c.accepted for c in counts) == sum(batch.num_rows for batch in kept)
    assert sum(c.late for c in counts) == sum(b.num_rows for t in takings for b in t.late)


def _topics(found: list[tuple[tuple[bytes | None, object, int], str, int]]) -> set[str]:
    return {topic for _, topic, _ in found}


@settings(deadline=None, max_examples=30)
@given(mixtures, st.integers(1, 2_000))
def test_portions_change_nothing(
    found: list[tuple[tuple[bytes | None, ContentType | bytes | None, int], str, int]], n_bytes: int
) -> None:
    messages = [  # of one partition: of a repeat in another one either may come first
        typed(value, kind, offset=offset)._replace(topic=topic)
        for offset, ((value, kind, _), topic, _) in enumerate(found)
    ]
    whole = intake().take(messages, latest_time_ns=LATEST_NS)
    parts = intake(Limits(max_portion_bytes=n_bytes)).take(messages, latest_time_ns=LATEST_NS)
    assert parts.outcomes == whole.outcomes
    assert parts.dead == whole.dead
    assert _ids(parts.on_time) == _ids(whole.on_time)
    assert _ids(parts.late) == _ids(whole.late)


def _ids(batches: list[pa.RecordBatch]) -> list[tuple[str | None, int]]:
    columns = [
        (b.column("event_id").to_pylist(), b.column("event_time_ns").to_pylist()) for b in batches
    ]
    return sorted(
        (pair for ids, times in columns for pair in zip(ids, times, strict=True)),
        key=lambda pair: (pair[0] or "", pair[1]),
    )
