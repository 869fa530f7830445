"""Event time: a partition alone says what is late, the watermark waits for whom it must."""

import random
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.eventtime import NO_TIME_NS, EventClock, ReorderBuffer, in_event_order
from streams.tables import ORDER_SCHEMA

LATENESS, SILENT, MEMORY = 5, 40, 1_000
P0, P1 = ("orders.v1", 0), ("orders.v1", 1)
Event = tuple[str | None, int]
"""Firm and time."""

events = st.lists(st.tuples(st.sampled_from(["A", "B", None]), st.integers(0, 200)), max_size=40)


def clock() -> EventClock:
    return EventClock(allowed_lateness_ns=LATENESS, silent_ns=SILENT, memory_ns=MEMORY)


def observe(clock: EventClock, partition: tuple[str, int], rows: Sequence[Event]) -> list[bool]:
    firms = pa.array([firm for firm, _ in rows], pa.string())
    times = np.array([time for _, time in rows], np.int64)
    return clock.observe(partition, firms, times).is_late.tolist()


def naive_late(rows: Sequence[Event]) -> list[bool]:
    """Say of each event of a partition whether it is late, one after the other."""
    late: list[bool] = []
    come: dict[str | None, int] = {}
    for firm, time in rows:
        of_all = max(come.values(), default=NO_TIME_NS)
        own = come.get(firm, NO_TIME_NS)
        before = own if own >= of_all - SILENT else of_all
        late.append(time < before - LATENESS)
        come[firm] = max(before, time)
    return late


@settings(deadline=None)
@given(events, st.data())
def test_lateness_is_the_naive_rule_however_the_events_are_cut(
    rows: list[Event], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    one = clock()
    found = [
        late
        for start, end in pairwise([0, *cuts, len(rows)])
        for late in observe(one, P0, rows[start:end])
    ]
    assert found == naive_late(rows)


@settings(deadline=None)
@given(events, events, st.randoms(use_true_random=False))
def test_no_interleaving_of_partitions_changes_what_is_late(
    first: list[Event], second: list[Event], rng: random.Random
) -> None:
    rows = {P0: first, P1: second}
    late: dict[tuple[str, int], list[bool]] = {P0: [], P1: []}
    one = clock()
    left = {partition: list(those) for partition, those in rows.items()}
    while left[P0] or left[P1]:
        partition = rng.choice([p for p in (P0, P1) if left[p]])
        n = rng.randint(1, 5)
        late[partition] += observe(one, partition, left[partition][:n])
        del left[partition][:n]
        unread = [p for p in (P0, P1) if left[p]]
        one.advance(idle=(), unread=unread)
    if first and second:  # an empty partition may give the other up as idle, by the wall clock
        assert late == {partition: naive_late(those) for partition, those in rows.items()}


def test_what_lags_behind_another_firm_is_not_late() -> None:
    rows = [("A", 100), ("B", 95), ("A", 130), ("B", 96), ("B", 90), ("A", 126), ("A", 124)]
    assert observe(clock(), P0, rows) == [False, False, False, False, True, False, True]


def test_a_firm_that_was_silent_is_late_behind_the_others() -> None:
    rows = [("A", 100), ("B", 100), ("A", 141), ("B", 101), ("B", 136), ("B", 135)]
    assert observe(clock(), P0, rows) == [False, False, False, True, False, True]


def test_repeats_are_forgotten_behind_the_newest_and_behind_the_watermark() -> None:
    one = clock()
    firms = pa.array(["A", "A", "A"])
    found = one.observe(P0, firms, np.array([5_000, 4_000, 3_999], np.int64))
    assert found.is_forgotten.tolist() == [False, False, True]
    observe(one, P1, [("A", 9_000)])
    one.advance(idle=[P0, P1], unread=())
    found = one.observe(P0, firms, np.array([8_001, 8_000, 5_001], np.int64))
    assert found.is_forgotten.tolist() == [False, True, True]


def test_the_watermark_is_that_of_the_slowest_firm_of_the_slowest_partition() -> None:
    one = clock()
    assert one.advance(idle=(), unread=()) == NO_TIME_NS
    observe(one, P0, [("B", 80), ("A", 100)])
    observe(one, P1, [("A", 90)])
    assert one.advance(idle=(), unread=()) == 80 - LATENESS
    observe(one, P0, [("B", 99)])
    assert one.advance(idle=(), unread=()) == 90 - LATENESS
    assert one.newest_ns == 100


def test_the_watermark_never_goes_back() -> None:
    one = clock()
    observe(one, P0, [("A", 100)])
    assert one.advance(idle=(), unread=()) == 95
    observe(one, P1, [("A", 60)])
    assert one.advance(idle=(), unread=()) == 95


def test_a_firm_that_stops_holds_the_others_up_for_the_silent_time_only() -> None:
    one = clock()
    observe(one, P0, [("A", 100), ("B", 100), ("A", 140)])
    assert one.advance(idle=(), unread=()) == 95
    observe(one, P0, [("A", 141)])
    assert one.advance(idle=(), unread=()) == 136


def test_an_idle_partition_holds_nobody_up_and_where_all_are_idle_everything_is_due() -> None:
    one = clock()
    observe(one, P0, [("A", 100)])
    observe(one, P1, [("A", 50)])
    assert one.advance(idle=[P1], unread=()) == 95
    assert one.advance(idle=[P0, P1], unread=()) == 101


def test_nothing_is_known_while_an_unread_partition_has_shown_no_event() -> None:
    one = clock()
    observe(one, P0, [("A", 100)])
    assert one.advance(idle=(), unread=[P1]) == NO_TIME_NS
    assert one.advance(idle=[P0], unread=[P1]) == NO_TIME_NS
    observe(one, P1, [("A", 70)])
    assert one.advance(idle=(), unread=[P1]) == 65


@settings(deadline=None)
@given(events, events)
def test_a_clock_goes_on_from_its_snapshot(first: list[Event], second: list[Event]) -> None:
    one, other = clock(), clock()
    observe(one, P0, first)
    observe(one, P1, [("A", 50)])
    one.advance(idle=(), unread=())
    other.restore(one.snapshot())
    assert observe(one, P0, second) == observe(other, P0, second)
    assert one.advance(idle=(), unread=()) == other.advance(idle=(), unread=())
    assert one.snapshot() == other.snapshot()


def batch(rows: Sequence[dict[str, object]]) -> pa.RecordBatch:
    plain = {"account_id": "A", "instrument_id": "ES", "side": "buy", "quantity": 1.0}
    return pa.RecordBatch.from_pylist([plain | row for row in rows], ORDER_SCHEMA)


cells = st.fixed_dictionaries(
    {
        "event_time_ns": st.integers(0, 6),
        "sequence": st.none() | st.integers(0, 2),
        "event_id": st.none() | st.sampled_from(["x", "y", "z"]),
        "account_id": st.sampled_from(["A", "B"]),
    }
)


def same_to_all(row: dict[str, object]) -> tuple[object, ...]:
    return row["event_time_ns"], row["sequence"], row["event_id"], row["account_id"]


@settings(deadline=None)
@given(st.lists(cells, max_size=20), st.integers(0, 7), st.randoms(use_true_random=False))
def test_events_are_released_once_in_an_order_that_arrival_does_not_change(
    rows: list[dict[str, object]], before: int, rng: random.Random
) -> None:
    expected = in_event_order(pa.Table.from_batches([batch(rows)], ORDER_SCHEMA)).to_pylist()
    times = [row["event_time_ns"] for row in expected]
    assert times == sorted(times)
    shuffled = rng.sample(rows, len(rows))
    buffer = ReorderBuffer(ORDER_SCHEMA)
    for row in shuffled:
        buffer.add(batch([row]))
    assert len(buffer) == len(rows)
    assert buffer.first_ns == min(times, default=None)
    first = buffer.release(before).to_pylist()
    assert all(row["event_time_ns"] < before for row in first)
    assert len(buffer) == len(rows) - len(first)
    released = first + buffer.release(10).to_pylist()
    assert list(map(same_to_all, released)) == list(map(same_to_all, expected))
    assert buffer.release(10).num_rows == 0


@pytest.mark.parametrize("sequences", [(1, 2), (None, 0), (-5, None)])
def test_the_sequence_decides_within_an_instant(sequences: tuple[int | None, int | None]) -> None:
    rows = [{"event_time_ns": 1, "sequence": s, "event_id": f"{s}"} for s in sequences]
    found = in_event_order(pa.Table.from_batches([batch(rows[::-1])]))
    assert found.column("sequence").to_pylist() == list(sequences)
