"""Makes the list row of a stream."""

from typing import Any

from sqlalchemy import Connection, Row, func, select

from surveillance.store.live.answers import Outcomes, PartitionPosition, StreamSummary
from surveillance.store.live.reconciliation import holds_throughout, topic_outcomes
from surveillance.store.live.stream_row import read_positions
from surveillance.store.live.tables import OUTBOX, SNAPSHOTS

NS_PER_S = 1e9


def summarize_stream(connection: Connection, row: Row[Any]) -> StreamSummary:
    """Return the list row of a stream.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    row : Row
        The stream's row.
    """
    stream: str = row.stream
    topics = topic_outcomes(connection, stream)
    n_pending = connection.scalar(
        select(func.count())
        .select_from(OUTBOX)
        .where(OUTBOX.c.stream == stream, OUTBOX.c.pending.is_not(None))
    )
    return StreamSummary(
        stream=stream,
        watermark_ns=row.watermark_ns,
        newest_ns=row.newest_ns,
        lag_s=_lag_s(row.watermark_ns, row.newest_ns),
        committed_time_ns=row.committed_time_ns,
        snapshot_time_ns=connection.scalar(
            select(SNAPSHOTS.c.time_ns).where(SNAPSHOTS.c.stream == stream)
        ),
        outcomes=Outcomes(
            read=sum(topic.outcomes.read for topic in topics),
            accepted=sum(topic.outcomes.accepted for topic in topics),
            duplicates=sum(topic.outcomes.duplicates for topic in topics),
            late=sum(topic.outcomes.late for topic in topics),
            dead=sum(topic.outcomes.dead for topic in topics),
        ),
        holds=holds_throughout(topics),
        n_journal_events=row.n_rows,
        n_dead_letters=row.n_dead_letters,
        n_outbox_pending=n_pending or 0,
        positions=tuple(
            PartitionPosition(topic, partition, next_offset)
            for (topic, partition), next_offset in read_positions(connection, stream).items()
        ),
    )


def _lag_s(watermark_ns: int | None, newest_ns: int | None) -> float | None:
    if watermark_ns is None or newest_ns is None:
        return None
    return max(newest_ns - watermark_ns, 0) / NS_PER_S
