"""Acceptance: every event ends in one of accepted, duplicates and late, as by hand."""

from collections import Counter
from datetime import UTC, datetime

from helpers.live_events import DAY_NS, SECOND_NS, START_NS, events
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.eventtime import EventClock
from surveillance.live.acceptance import Acceptance

LATENESS_NS, SILENT_NS, MEMORY_NS = SECOND_NS, 60 * SECOND_NS, DAY_NS
P0, P1 = ("orders.v1", 0), ("orders.v1", 1)

rows = st.lists(
    st.tuples(
        st.sampled_from([P0, P1]),
        st.sampled_from(["F1", "F2"]),
        st.none() | st.integers(0, 9),
        st.integers(0, 8).map(lambda half_seconds: half_seconds * SECOND_NS // 2),
    ),
    max_size=40,
)


def new() -> tuple[EventClock, Acceptance]:
    clock = EventClock(allowed_lateness_ns=LATENESS_NS, silent_ns=SILENT_NS, memory_ns=MEMORY_NS)
    return clock, Acceptance(clock, memory_ns=MEMORY_NS)


@settings(deadline=None, max_examples=30)
@given(rows)
def test_every_event_has_the_outcome_that_it_has_by_hand(
    found: list[tuple[tuple[str, int], str, int | None, int]],
) -> None:
    _, acceptance = new()
    newest: dict[tuple[tuple[str, int], str], int] = {}
    of_all: dict[tuple[str, int], int] = {}
    known: set[tuple[str, int]] = set()
    for partition, firm, name, time in found:
        before = newest.get((partition, firm), of_all.get(partition, time))
        if name is not None and (firm, name) in known:
            expected = "duplicates"
        else:
            expected = "late" if time < before - LATENESS_NS else "accepted"
        newest[partition, firm] = max(before, time)
        of_all[partition] = max(of_all.get(partition, time), time)
        if name is not None:
            known.add((firm, name))
        event = {
            "event_time_ns": START_NS + time,
            "firm_id": firm,
            "event_id": None if name is None else str(name),
        }
        taken = acceptance.take(partition, events(event))
        assert taken.outcomes == Counter({("2026-01-05", expected): 1})
        assert taken.on_time.num_rows == (expected == "accepted")
        assert taken.late.num_rows == (expected == "late")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(-5, 5), st.sampled_from("abc")), max_size=30))
def test_outcomes_are_counted_by_the_day_of_the_event(found: list[tuple[int, str]]) -> None:
    _, acceptance = new()
    batch = events(
        *({"event_time_ns": START_NS + day * DAY_NS, "event_id": name} for day, name in found)
    )
    outcomes = acceptance.take(P0, batch).outcomes
    days: Counter[str] = Counter()
    for (day, _), n in outcomes.items():
        days[day] += n
    assert days == Counter(
        datetime.fromtimestamp((START_NS + day * DAY_NS) // SECOND_NS, UTC).strftime("%Y-%m-%d")
        for day, _ in found
    )


def test_a_late_event_that_comes_again_is_a_duplicate() -> None:
    _, acceptance = new()
    now, old = {"event_id": "a"}, {"event_id": "b", "event_time_ns": START_NS - 2 * SECOND_NS}
    outcomes = acceptance.take(P0, events(now, old, old)).outcomes
    assert {outcome: n for (_, outcome), n in outcomes.items()} == {
        "accepted": 1,
        "late": 1,
        "duplicates": 1,
    }


def test_a_repeat_beyond_the_memory_is_late() -> None:
    _, acceptance = new()
    acceptance.take(P0, events({"event_id": "a"}))
    acceptance.take(P0, events({"event_id": "b", "event_time_ns": START_NS + 2 * DAY_NS}))
    outcomes = acceptance.take(P0, events({"event_id": "a"})).outcomes
    assert [outcome for _, outcome in outcomes] == ["late"]


def test_what_the_journal_holds_is_remembered() -> None:
    _, acceptance = new()
    acceptance.remember(events({"event_id": "a"}))
    outcomes = acceptance.take(P0, events({"event_id": "a"}, {"event_id": "b"})).outcomes
    assert sorted(outcome for _, outcome in outcomes) == ["accepted", "duplicates"]
