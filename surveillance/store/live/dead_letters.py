"""Dead letters: refused events with their bytes as they came, and the queue of their replays.

A replay is a place in a queue that the worker reads as one more source: its messages come from
partition `REPLAY_PARTITION`, the offset is the number in the queue, and the position is committed
with what became of them. So a crash at any moment neither loses nor doubles a replay; a letter
enters the queue once, and what is refused again becomes a new letter.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from streams.messages import DeadLetter, DeadReason, Message
from surveillance.errors import NotFoundError, show_value
from surveillance.store.live.records import REPLAY_PARTITION, StoredLetter
from surveillance.store.live.tables import DEAD_LETTERS, STREAMS


def write_dead_letters(
    connection: Connection, stream: str, first_number: int, letters: Sequence[DeadLetter]
) -> None:
    """Keep refused events, numbered in order."""
    rows = [
        {
            "stream": stream,
            "number": number,
            "topic": letter.message.topic,
            "partition": letter.message.partition,
            "message_offset": letter.message.offset,
            "row_number": letter.row,
            "reason": letter.reason.value,
            "sentence": letter.sentence,
            "message_key": letter.message.key,
            "headers": _write_headers(letter.message.headers),
            "value": letter.message.value,
        }
        for number, letter in enumerate(letters, start=first_number)
    ]
    if rows:
        connection.execute(insert(DEAD_LETTERS), rows)


def read_dead_letter(connection: Connection, stream: str, number: int) -> StoredLetter:
    """Return one letter with its bytes.

    Raises
    ------
    NotFoundError
        If the stream has no letter of this number.
    """
    query = select(DEAD_LETTERS).where(
        DEAD_LETTERS.c.stream == stream, DEAD_LETTERS.c.number == number
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("dead letter", f"{number} of stream {show_value(stream)}")
    letter = DeadLetter(_message(row), row.row_number, DeadReason(row.reason), row.sentence)
    return StoredLetter(row.number, letter, row.replay_number)


def queue_replay(connection: Connection, stream: str, number: int) -> int:
    """Put a letter into the queue of replays, or find it there.

    Returns
    -------
    int
        Its number in the queue.

    Raises
    ------
    NotFoundError
        If the stream has no letter of this number.
    """
    counter = select(STREAMS.c.n_replays).where(STREAMS.c.stream == stream)
    replay_number: int = connection.scalar(counter.with_for_update()) or 0  # SQLite locks anyway
    letter = read_dead_letter(connection, stream, number)
    if letter.replay_number is not None:
        return letter.replay_number
    connection.execute(
        update(DEAD_LETTERS)
        .where(DEAD_LETTERS.c.stream == stream, DEAD_LETTERS.c.number == number)
        .values(replay_number=replay_number)
    )
    connection.execute(
        update(STREAMS).where(STREAMS.c.stream == stream).values(n_replays=replay_number + 1)
    )
    return replay_number


def read_replays(
    connection: Connection, stream: str, from_number: int, limit: int
) -> tuple[Message, ...]:
    """Return messages of the queue of replays, by number."""
    query = (
        select(DEAD_LETTERS)
        .where(DEAD_LETTERS.c.stream == stream, DEAD_LETTERS.c.replay_number >= from_number)
        .order_by(DEAD_LETTERS.c.replay_number)
        .limit(limit)
    )
    return tuple(
        Message(
            topic=row.topic,
            partition=REPLAY_PARTITION,
            offset=row.replay_number,
            value=row.value,
            key=row.message_key,
            headers=_read_headers(row.headers),
        )
        for row in connection.execute(query)
    )


def _message(row: Row[Any]) -> Message:
    return Message(
        topic=row.topic,
        partition=row.partition,
        offset=row.message_offset,
        value=row.value,
        key=row.message_key,
        headers=_read_headers(row.headers),
    )


def _write_headers(headers: Sequence[tuple[str, bytes]]) -> str:
    return json.dumps([[name, base64.b64encode(value).decode()] for name, value in headers])


def _read_headers(text: str) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, base64.b64decode(value)) for name, value in json.loads(text))
