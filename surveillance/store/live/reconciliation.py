"""Reconciliation: what became of every event that was read, by topic and day of event time."""

from collections.abc import Sequence

from sqlalchemy import Connection

from surveillance.store.live.inserting import insert_into
from surveillance.store.live.records import EventCounts
from surveillance.store.live.tables import COUNTS


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
