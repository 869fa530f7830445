"""The row of a stream: who may write, where reading goes on, which number comes next.

Every transaction that deals numbers updates this row first and so holds its lock until it ends:
the numbers have no gaps and become visible in their order, on PostgreSQL too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from surveillance.store.live.inserting import insert_into, upsert
from surveillance.store.live.records import LiveCommit, LiveState, Position
from surveillance.store.live.tables import POSITIONS, SNAPSHOTS, STREAMS


@dataclass(frozen=True, slots=True)
class FirstNumbers:
    """The first numbers that a commit deals."""

    segment: int
    dead_letter: int
    outbox: int


def raise_epoch(connection: Connection, stream: str) -> int:
    """Begin a session of the stream, creating its row where there is none.

    Returns
    -------
    int
        Higher than every earlier epoch.
    """
    zeros = {column.name: 0 for column in STREAMS.columns if not column.nullable} | {
        "stream": stream,
        "progress": "{}",
    }
    connection.execute(insert_into(connection, STREAMS).on_conflict_do_nothing(), [zeros])
    epoch: int = connection.execute(
        update(STREAMS)
        .where(STREAMS.c.stream == stream)
        .values(epoch=STREAMS.c.epoch + 1)
        .returning(STREAMS.c.epoch)
    ).scalar_one()
    return epoch


def is_newest(connection: Connection, stream: str, epoch: int) -> bool:
    """Whether no newer session has the stream."""
    query = select(STREAMS.c.epoch).where(STREAMS.c.stream == stream)
    return connection.scalar(query) == epoch


def advance(
    connection: Connection, stream: str, commit: LiveCommit, *, time_ns: int
) -> FirstNumbers | None:
    """Take the stream's lock, note the progress and deal the numbers of a commit's parts.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes.
    stream : str
        The stream.
    commit : LiveCommit
        What is committed.
    time_ns : int
        The time of day.

    Returns
    -------
    FirstNumbers or None
        None where the commit's epoch is not the newest: nothing is written then.
    """
    n_segments = int(commit.segment is not None)
    n_rows = commit.segment.n_rows if commit.segment is not None else 0
    row = connection.execute(
        update(STREAMS)
        .where(STREAMS.c.stream == stream, STREAMS.c.epoch == commit.epoch)
        .values(
            progress=commit.progress,
            watermark_ns=commit.watermark_ns,
            newest_ns=commit.newest_ns,
            committed_time_ns=time_ns,
            n_segments=STREAMS.c.n_segments + n_segments,
            n_rows=STREAMS.c.n_rows + n_rows,
            n_dead_letters=STREAMS.c.n_dead_letters + len(commit.dead),
        )
        .returning(STREAMS.c.n_segments, STREAMS.c.n_dead_letters, STREAMS.c.n_outbox)
    ).one_or_none()
    if row is None:
        return None
    _write_positions(connection, stream, commit.positions)
    if commit.snapshot is not None:
        snapshot = {
            "stream": stream,
            "time_ns": time_ns,
            "content": commit.snapshot,
        }
        upsert(connection, SNAPSHOTS, [snapshot])
    return FirstNumbers(
        segment=row.n_segments - n_segments,
        dead_letter=row.n_dead_letters - len(commit.dead),
        outbox=row.n_outbox,
    )


def read_state(connection: Connection, stream: str) -> LiveState:
    """Return where the stream stands; that of a new stream where there is none."""
    row = connection.execute(
        select(STREAMS.c.progress, STREAMS.c.n_segments).where(STREAMS.c.stream == stream)
    ).one_or_none()
    if row is None:
        return LiveState()
    return LiveState(
        positions=read_positions(connection, stream),
        progress=row.progress,
        n_segments=row.n_segments,
        snapshot=connection.scalar(select(SNAPSHOTS.c.content).where(SNAPSHOTS.c.stream == stream)),
    )


def read_positions(connection: Connection, stream: str) -> dict[Position, int]:
    """Return the next offset by topic and partition, in their order."""
    rows = connection.execute(
        select(POSITIONS.c.topic, POSITIONS.c.partition, POSITIONS.c.next_offset)
        .where(POSITIONS.c.stream == stream)
        .order_by(POSITIONS.c.topic, POSITIONS.c.partition)
    )
    return {(row.topic, row.partition): row.next_offset for row in rows}


def _write_positions(
    connection: Connection, stream: str, positions: Mapping[Position, int]
) -> None:
    rows = [
        {"stream": stream, "topic": topic, "partition": partition, "next_offset": next_offset}
        for (topic, partition), next_offset in sorted(positions.items())
    ]
    upsert(connection, POSITIONS, rows)
