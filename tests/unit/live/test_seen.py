"""Identities that were seen: a set of Python, whatever the batches and however it grows."""

import pyarrow as pa
from helpers.live_events import START_NS, events
from hypothesis import given, settings
from hypothesis import strategies as st

from surveillance.live.seen import SeenEvents

ids = st.lists(
    st.lists(
        st.tuples(st.none() | st.sampled_from("abc"), st.none() | st.sampled_from("stuvwxyz")),
        max_size=12,
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=30)
@given(ids)
def test_repeats_are_those_of_a_set(batches: list[list[tuple[str | None, str | None]]]) -> None:
    seen = SeenEvents()
    naive: set[tuple[str | None, str]] = set()
    for rows in batches:
        expected = []
        for firm, event in rows:
            expected.append(event is not None and (firm, event) in naive)
            if event is not None:
                naive.add((firm, event))
        batch = events(*({"firm_id": firm, "event_id": event} for firm, event in rows))
        assert seen.note(batch, START_NS).tolist() == expected
        assert len(seen) == len(naive)


def numbered(first: int, n: int, time_ns: int = START_NS) -> pa.RecordBatch:
    names = pa.array([f"e{number}" for number in range(first, first + n)])
    return pa.record_batch(
        {
            "firm_id": pa.repeat("F1", n),
            "event_id": names,
            "event_time_ns": pa.repeat(time_ns, n).cast(pa.int64()),
        }
    )


def test_nothing_is_lost_when_it_grows() -> None:
    seen = SeenEvents()
    before = seen.n_bytes
    for first in range(0, 100_000, 20_000):
        assert not seen.note(numbered(first, 20_000), START_NS).any()
    assert len(seen) == 100_000
    assert seen.n_bytes > before
    assert seen.note(numbered(0, 100_000), START_NS).all()


def test_memory_is_bounded_by_what_may_not_be_forgotten() -> None:
    seen = SeenEvents()
    for day in range(40):
        seen.note(numbered(day * 10_000, 10_000, START_NS + day), START_NS + day - 1)
    assert len(seen) < 60_000
    assert seen.note(numbered(390_000, 10_000), START_NS + 38).all()
    assert not seen.note(numbered(0, 1_000, START_NS + 39), START_NS + 38).any()
