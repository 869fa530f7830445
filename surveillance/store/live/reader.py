"""Reads the live streams for API, metrics and commands; each question is one read transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from streams.messages import DeadReason
from surveillance.errors import NotFoundError
from surveillance.store.cursors import after, ordering, read_cursor, write_cursor
from surveillance.store.database import translated_errors
from surveillance.store.live.answers import (
    DeadLetterPage,
    DeadLetterSummary,
    ReconciliationPage,
    ReplayState,
    StreamPage,
    TopicOutcomes,
)
from surveillance.store.live.reconciliation import day_outcomes, holds_throughout, topic_outcomes
from surveillance.store.live.records import REPLAY_PARTITION
from surveillance.store.live.summary import summarize_stream
from surveillance.store.live.tables import COUNTS, DEAD_LETTERS, POSITIONS, STREAMS

_BY_NAME = ((STREAMS.c.stream, False),)
_NEWEST_DAY_FIRST = ((COUNTS.c.day, True), (COUNTS.c.topic, False))


class StreamReader:
    """Answers questions about live streams; threads may share it.

    An unknown stream raises `NotFoundError`, a foreign cursor `CursorError`, a failing database
    `StoreError`.

    Parameters
    ----------
    engine : Engine
        The store's engine.
    url : str
        The store's URL for messages, without its password.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self._url = url

    def names(self) -> tuple[str, ...]:
        """Return the names of all streams, sorted."""
        with self._reading() as connection:
            return tuple(connection.scalars(select(STREAMS.c.stream).order_by(STREAMS.c.stream)))

    def list_streams(self, cursor: str | None = None, limit: int = 100) -> StreamPage:
        """Return one page of streams, by name.

        Parameters
        ----------
        cursor : str or None
            The `next_cursor` of the page before, None for the first page.
        limit : int
            Most rows of the page, at least 1.
        """
        query = select(STREAMS)
        if cursor is not None:
            query = query.where(after(_BY_NAME, read_cursor("streams", cursor, (str,))))
        query = query.order_by(*ordering(_BY_NAME)).limit(limit + 1)
        with self._reading() as connection:
            rows = connection.execute(query).all()
            total = connection.scalar(select(func.count()).select_from(STREAMS))
            streams = tuple(summarize_stream(connection, row) for row in rows[:limit])
        more = len(rows) > limit
        next_cursor = write_cursor("streams", (streams[-1].stream,)) if more else None
        return StreamPage(streams, next_cursor, total or 0)

    def topics(self, stream: str) -> tuple[TopicOutcomes, ...]:
        """Return the totals of each topic, by name."""
        with self._reading(stream) as connection:
            return topic_outcomes(connection, stream)

    def list_reconciliation(
        self, stream: str, cursor: str | None = None, limit: int = 100
    ) -> ReconciliationPage:
        """Return one page of what became of the events by topic and day, the newest day first.

        Parameters
        ----------
        stream : str
            Exact name.
        cursor : str or None
            The `next_cursor` of the page before, None for the first page.
        limit : int
            Most rows of the page, at least 1.
        """
        query = select(COUNTS).where(COUNTS.c.stream == stream)
        if cursor is not None:
            key = read_cursor("reconciliation", cursor, (str, str))
            query = query.where(after(_NEWEST_DAY_FIRST, key))
        query = query.order_by(*ordering(_NEWEST_DAY_FIRST)).limit(limit + 1)
        with self._reading(stream) as connection:
            rows = connection.execute(query).all()
            total = connection.scalar(
                select(func.count()).select_from(COUNTS).where(COUNTS.c.stream == stream)
            )
            holds = holds_throughout(topic_outcomes(connection, stream))
        days = tuple(day_outcomes(row) for row in rows[:limit])
        next_cursor = None
        if len(rows) > limit:
            next_cursor = write_cursor("reconciliation", (days[-1].day, days[-1].topic))
        return ReconciliationPage(holds, days, next_cursor, total or 0)

    def dead_letter_reasons(self, stream: str) -> dict[DeadReason, int]:
        """Count the dead letters by reason; every reason is present, also with 0."""
        query = (
            select(DEAD_LETTERS.c.reason, func.count().label("n"))
            .where(DEAD_LETTERS.c.stream == stream)
            .group_by(DEAD_LETTERS.c.reason)
        )
        with self._reading(stream) as connection:
            counted = {row.reason: row.n for row in connection.execute(query)}
        return {reason: counted.get(reason.value, 0) for reason in DeadReason}

    def list_dead_letters(
        self,
        stream: str,
        after: int | None = None,
        limit: int = 100,
        *,
        reason: DeadReason | None = None,
        topic: str | None = None,
    ) -> DeadLetterPage:
        """Return one page of dead letters without their bytes, by number.

        Parameters
        ----------
        stream : str
            Exact name.
        after : int or None
            The `next_after` of the page before, None for the first page.
        limit : int
            Most rows of the page, at least 1.
        reason : DeadReason or None
            Only those refused for this.
        topic : str or None
            Only those that came from this topic.
        """
        letters = DEAD_LETTERS.c
        wanted: list[ColumnElement[bool]] = [letters.stream == stream]
        if reason is not None:
            wanted.append(letters.reason == reason.value)
        if topic is not None:
            wanted.append(letters.topic == topic)
        query = (
            select(
                *(column for column in letters if column.name not in ("value", "message_key")),
                func.length(letters.value).label("n_bytes"),
                POSITIONS.c.next_offset.label("next_replay"),
            )
            .outerjoin(
                POSITIONS,
                (POSITIONS.c.stream == letters.stream)
                & (POSITIONS.c.topic == letters.topic)
                & (POSITIONS.c.partition == REPLAY_PARTITION),
            )
            .where(*wanted, *([letters.number > after] if after is not None else []))
            .order_by(letters.number)
            .limit(limit + 1)
        )
        with self._reading(stream) as connection:
            rows = connection.execute(query).all()
            total = connection.scalar(select(func.count()).select_from(DEAD_LETTERS).where(*wanted))
        found = tuple(
            DeadLetterSummary(
                number=row.number,
                topic=row.topic,
                partition=row.partition,
                offset=row.message_offset,
                row=row.row_number,
                reason=DeadReason(row.reason),
                sentence=row.sentence,
                n_bytes=row.n_bytes,
                replay=_replay_state(row.replay_number, row.next_replay),
            )
            for row in rows[:limit]
        )
        return DeadLetterPage(found, found[-1].number if len(rows) > limit else None, total or 0)

    @contextmanager
    def _reading(self, stream: str | None = None) -> Iterator[Connection]:
        with translated_errors(self._url), self._engine.connect() as connection:
            if stream is not None:
                known = select(STREAMS.c.stream).where(STREAMS.c.stream == stream)
                if connection.scalar(known) is None:
                    raise NotFoundError("stream", stream)
            yield connection


def _replay_state(replay_number: int | None, next_replay: int | None) -> ReplayState:
    if replay_number is None:
        return ReplayState.NONE
    is_taken = next_replay is not None and replay_number < next_replay
    return ReplayState.TAKEN if is_taken else ReplayState.QUEUED
