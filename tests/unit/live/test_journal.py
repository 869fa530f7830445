"""The journal: what went in comes out, and its digest knows the events but not their order."""

import random
from collections.abc import Sequence

import pyarrow as pa
from helpers.live_events import START_NS, events
from helpers.wire import order_batches
from hypothesis import given, settings
from hypothesis import strategies as st

from surveillance.live.journal import (
    LATE,
    JournalSource,
    on_time_events,
    read_segment,
    write_segment,
)

FOREVER_NS = 2**62


def source(
    batches: Sequence[pa.RecordBatch], before_ns: int = FOREVER_NS, *, with_late: bool = False
) -> JournalSource:
    segments = [write_segment([batch], []) for batch in batches]
    contents = [segment.content for segment in segments if segment]
    return JournalSource(
        "live", lambda: iter(contents), {}, before_ns=before_ns, with_late=with_late
    )


@settings(deadline=None, max_examples=20)
@given(order_batches(), order_batches())
def test_a_segment_holds_what_it_was_given(on_time: pa.RecordBatch, late: pa.RecordBatch) -> None:
    segment = write_segment([on_time], [late])
    assert segment is not None
    times = (on_time.column("event_time_ns").to_pylist(), late.column("event_time_ns").to_pylist())
    assert segment.n_rows == on_time.num_rows + late.num_rows
    assert (segment.first_ns, segment.last_ns) == (min(map(min, times)), max(map(max, times)))
    batch = read_segment(segment.content)
    assert on_time_events(batch).to_pylist() == on_time.to_pylist()
    assert batch.filter(batch.column(LATE)).drop_columns([LATE]).to_pylist() == late.to_pylist()


def test_where_nothing_was_accepted_there_is_no_segment() -> None:
    assert write_segment([], []) is None
    assert write_segment([events()], [events()]) is None


@settings(deadline=None, max_examples=20)
@given(st.lists(order_batches(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_digest_does_not_know_the_order(
    batches: list[pa.RecordBatch], rng: random.Random
) -> None:
    expected = source(batches).content_hash()
    rows = pa.Table.from_batches(batches).to_pylist()
    shuffled = rng.sample(rows, len(rows))
    again = [pa.RecordBatch.from_pylist([row], batches[0].schema) for row in shuffled]
    assert source(again).content_hash() == expected
    fewer = pa.RecordBatch.from_pylist(shuffled[1:], batches[0].schema)
    assert source([fewer]).content_hash() != expected


def test_a_scan_reads_up_to_the_end_and_late_events_only_when_asked() -> None:
    early, at_the_end = {"event_id": "a"}, {"event_id": "b", "event_time_ns": START_NS + 1}
    segment = write_segment([events(early, at_the_end)], [events({"event_id": "late"})])
    assert segment is not None
    for with_late, expected in ((False, ["a"]), (True, ["a", "late"])):
        journal = JournalSource(
            "live",
            lambda: iter([segment.content]),
            {},
            before_ns=START_NS + 1,
            with_late=with_late,
        )
        found = list(journal.order_batches(latest_time_ns=0))
        assert [name for batch in found for name in batch["event_id"].to_pylist()] == expected
