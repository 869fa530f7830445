"""The journal: the accepted events of a stream as segments of bytes, in the order of acceptance."""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, delete, insert, select, true

from surveillance.store.database import translated_errors
from surveillance.store.live.records import Segment
from surveillance.store.live.tables import SEGMENTS


def write_segment(connection: Connection, stream: str, number: int, segment: Segment) -> None:
    """Append a segment."""
    connection.execute(
        insert(SEGMENTS).values(
            stream=stream,
            number=number,
            first_ns=segment.first_ns,
            last_ns=segment.last_ns,
            n_rows=segment.n_rows,
            content=segment.content,
        )
    )


def forget_segments(connection: Connection, stream: str, before_number: int) -> None:
    """Remove the segments before a number."""
    connection.execute(
        delete(SEGMENTS).where(SEGMENTS.c.stream == stream, SEGMENTS.c.number < before_number)
    )


def read_segments(
    engine: Engine,
    url: str,
    stream: str,
    *,
    first_ns: int | None,
    last_ns: int | None,
) -> Iterator[bytes]:
    """Yield segments by number, one in memory at a time.

    Each is read in a transaction of its own: a reader that takes its time keeps the write-ahead
    log from being emptied, and segments that are there never change.
    """
    query = (
        select(SEGMENTS.c.number, SEGMENTS.c.content)
        .where(
            SEGMENTS.c.stream == stream,
            SEGMENTS.c.last_ns >= first_ns if first_ns is not None else true(),
            SEGMENTS.c.first_ns <= last_ns if last_ns is not None else true(),
        )
        .order_by(SEGMENTS.c.number)
        .limit(1)
    )
    number = 0
    while True:
        with translated_errors(url), engine.connect() as connection:
            row = connection.execute(query.where(SEGMENTS.c.number >= number)).one_or_none()
        if row is None:
            return
        yield row.content
        number = row.number + 1
