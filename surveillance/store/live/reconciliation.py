"""Reconciliation: what became of every event that was read, by topic and day of event time.

read = accepted + duplicates + late + dead on every row, and the dead of a topic are as many as its
stored letters. Where one of the two fails, events were lost or counted twice.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, func, select

from surveillance.store.live.answers import DayOutcomes, Outcomes, TopicOutcomes
from surveillance.store.live.inserting import insert_into
from surveillance.store.live.records import EventCounts
from surveillance.store.live.tables import COUNTS, DEAD_LETTERS


def add_counts(connection: Connection, stream: str, counts: Sequence[EventCounts]) -> None:
    """Add to the totals."""
    if not counts:
        return
    statement = insert_into(connection, COUNTS)
    keys = [column.name for column in COUNTS.primary_key]
    totals = {
        column.name: column + statement.excluded[column.name]
        for column in COUNTS.columns
        if column.name not in keys
    }
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=totals),
        [
            {
                "stream": stream,
                "topic": count.topic,
                "day": count.day,
                "n_read": count.read,
                "n_accepted": count.accepted,
                "n_duplicates": count.duplicates,
                "n_late": count.late,
                "n_dead": count.dead,
            }
            for count in counts
        ],
    )


def day_outcomes(row: Row[Any]) -> DayOutcomes:
    """Return what a row of `COUNTS` says."""
    outcomes = _outcomes([row])
    return DayOutcomes(
        topic=row.topic,
        day=row.day,
        read=outcomes.read,
        accepted=outcomes.accepted,
        duplicates=outcomes.duplicates,
        late=outcomes.late,
        dead=outcomes.dead,
        holds=outcomes.reconcile,
    )


def topic_outcomes(connection: Connection, stream: str) -> tuple[TopicOutcomes, ...]:
    """Return the totals of each topic that has events or dead letters, by name."""
    rows = connection.execute(
        select(COUNTS).where(COUNTS.c.stream == stream).order_by(COUNTS.c.topic)
    ).all()
    by_topic = {topic: list(days) for topic, days in groupby(rows, key=lambda row: row.topic)}
    letters = _letters_by_topic(connection, stream)
    return tuple(
        _total(topic, by_topic.get(topic, []), letters.get(topic, 0))
        for topic in sorted(by_topic.keys() | letters.keys())
    )


def holds_throughout(topics: Iterable[TopicOutcomes]) -> bool:
    """Say whether every topic reconciles."""
    return all(topic.holds for topic in topics)


def _total(topic: str, days: Sequence[Row[Any]], n_letters: int) -> TopicOutcomes:
    outcomes = _outcomes(days)
    # Day by day: what one day lacks another may have too much.
    holds = all(_outcomes([day]).reconcile for day in days) and outcomes.dead == n_letters
    return TopicOutcomes(topic, outcomes, holds)


def _outcomes(days: Sequence[Row[Any]]) -> Outcomes:
    return Outcomes(
        read=sum(day.n_read for day in days),
        accepted=sum(day.n_accepted for day in days),
        duplicates=sum(day.n_duplicates for day in days),
        late=sum(day.n_late for day in days),
        dead=sum(day.n_dead for day in days),
    )


def _letters_by_topic(connection: Connection, stream: str) -> dict[str, int]:
    query = (
        select(DEAD_LETTERS.c.topic, func.count().label("n"))
        .where(DEAD_LETTERS.c.stream == stream)
        .group_by(DEAD_LETTERS.c.topic)
    )
    return {row.topic: row.n for row in connection.execute(query)}
