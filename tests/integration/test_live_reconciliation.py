"""Reconciliation against its naive twin: however the events were spread over commits."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.live_commits import STREAM, letter, step
from helpers.naive_reconciliation import OUTCOMES, EventLine, naive_days, naive_holds
from hypothesis import given, settings
from hypothesis import strategies as st

from surveillance.errors import NotFoundError
from surveillance.store import Store
from surveillance.store.live import UNKNOWN_DAY, EventCounts

EVENTS = st.lists(
    st.builds(
        EventLine,
        topic=st.sampled_from(["orders.v1", "orders.v1.F1", "sessions.v1"]),
        day=st.sampled_from(["2026-01-05", "2026-01-06", UNKNOWN_DAY]),
        outcome=st.sampled_from([*OUTCOMES, "accepted", "accepted", "lost"]),
    ),
    max_size=30,
)


def counts_of(events: list[EventLine]) -> list[EventCounts]:
    return [
        EventCounts(event.topic, event.day, read=1, **({event.outcome: 1} if known else {}))
        for event in events
        for known in [event.outcome in OUTCOMES]
    ]


@settings(max_examples=40, deadline=None)
@given(commits=st.lists(EVENTS, max_size=4), forgotten=st.booleans())
def test_the_store_reconciles_as_one_would_by_hand(
    tmp_path_factory: pytest.TempPathFactory, commits: list[list[EventLine]], forgotten: bool
) -> None:
    letters: Counter[str] = Counter()
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('counts')}/store.db") as store:
        live = store.live(STREAM)
        epoch = live.open_session()
        for events in commits:
            dead = [letter(0, topic=e.topic) for e in events if e.outcome == "dead"]
            dead = dead[1:] if forgotten else dead
            letters.update(each.message.topic for each in dead)
            live.commit(replace(step(epoch, 0), counts=counts_of(events), dead=dead))
        page = store.streams.list_reconciliation(STREAM, limit=500)
        topics = store.streams.topics(STREAM)
        summary = store.streams.list_streams().streams[0]
    events = [event for commit in commits for event in commit]
    assert {
        (row.topic, row.day): {
            "read": row.read,
            "accepted": row.accepted,
            "duplicates": row.duplicates,
            "late": row.late,
            "dead": row.dead,
        }
        for row in page.days
    } == naive_days(events)
    assert [row.holds for row in page.days] == [
        all(
            event.outcome in OUTCOMES
            for event in events
            if (event.topic, event.day) == (row.topic, row.day)
        )
        for row in page.days
    ]
    expected = {e.topic: naive_holds(events, letters, e.topic) for e in events}
    assert {topic.topic: topic.holds for topic in topics} == expected
    assert page.holds == summary.holds == all(expected.values())
    assert summary.outcomes.read == len(events)


def test_what_one_day_lacks_another_may_not_make_up_for(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        live = store.live(STREAM)
        counts = [
            EventCounts("orders.v1", "2026-01-05", read=5, accepted=4),
            EventCounts("orders.v1", "2026-01-06", read=4, accepted=5),
        ]
        live.commit(replace(step(live.open_session(), 0), counts=counts, dead=()))
        assert not store.streams.list_reconciliation(STREAM).holds


def test_days_are_paged_newest_first(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        live = store.live(STREAM)
        counts = [
            EventCounts(topic, day, 1, 1)
            for topic in ("a", "b")
            for day in ("2026-01-05", UNKNOWN_DAY, "2026-01-06")
        ]
        live.commit(replace(step(live.open_session(), 0), counts=counts, dead=()))
        seen = []
        cursor = None
        while True:
            page = store.streams.list_reconciliation(STREAM, cursor, 2)
            assert (page.total, page.holds) == (6, True)
            seen += [(row.day, row.topic) for row in page.days]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == [
            (day, topic)
            for day in (UNKNOWN_DAY, "2026-01-06", "2026-01-05")
            for topic in ("a", "b")
        ]
        with pytest.raises(NotFoundError, match="no stream"):
            store.streams.list_reconciliation("gone")
