"""The outbox: what is to be published, each identity once for ever, and how far that has come.

A record enters with the findings it tells of. The publisher sends what is pending, then
acknowledges it; after a crash in between it reads its topics back from the last acknowledged
offset and acknowledges what it finds there.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, insert, select, update

from surveillance.store.live.inserting import insert_into
from surveillance.store.live.records import OutboxRecord, OutboxRow, Position
from surveillance.store.live.tables import ACKNOWLEDGED, OUTBOX, STREAMS

NUMBERS_AT_A_TIME = 500  # bounds the parameters of one statement


def write_outbox(
    connection: Connection, stream: str, first_number: int, records: Sequence[OutboxRecord]
) -> None:
    """Add the records whose identity is new, numbered in order."""
    known = _known_identities(connection, stream, [record.identity for record in records])
    new: dict[str, OutboxRecord] = {}
    for record in records:
        if record.identity not in known:
            new.setdefault(record.identity, record)
    rows = [
        {
            "stream": stream,
            "number": number,
            "topic": record.topic,
            "key": record.key,
            "value": record.value,
            "identity": record.identity,
            "pending": number,
        }
        for number, record in enumerate(new.values(), start=first_number)
    ]
    if rows:
        connection.execute(insert(OUTBOX), rows)
        n_outbox = first_number + len(rows)
        connection.execute(
            update(STREAMS).where(STREAMS.c.stream == stream).values(n_outbox=n_outbox)
        )


def _known_identities(
    connection: Connection, stream: str, identities: Sequence[str]
) -> frozenset[str]:
    """Return those that the outbox has ever held; the stream's lock keeps others from adding."""
    found: set[str] = set()
    for start in range(0, len(identities), NUMBERS_AT_A_TIME):
        piece = identities[start : start + NUMBERS_AT_A_TIME]
        query = select(OUTBOX.c.identity).where(
            OUTBOX.c.stream == stream, OUTBOX.c.identity.in_(piece)
        )
        found |= set(connection.scalars(query))
    return frozenset(found)


def read_pending(connection: Connection, stream: str, limit: int) -> tuple[OutboxRow, ...]:
    """Return the first records that are not acknowledged, by number."""
    query = (
        select(OUTBOX)
        .where(OUTBOX.c.stream == stream, OUTBOX.c.pending.is_not(None))
        .order_by(OUTBOX.c.pending)
        .limit(limit)
    )
    return tuple(
        OutboxRow(row.number, OutboxRecord(row.topic, row.key, row.value, row.identity))
        for row in connection.execute(query)
    )


def acknowledge(
    connection: Connection,
    stream: str,
    numbers: Sequence[int],
    offsets: Mapping[Position, int],
) -> None:
    """Note what is published; offsets only go up."""
    for start in range(0, len(numbers), NUMBERS_AT_A_TIME):
        piece = numbers[start : start + NUMBERS_AT_A_TIME]
        connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.stream == stream, OUTBOX.c.number.in_(piece))
            .values(pending=None)
        )
    if not offsets:
        return
    statement = insert_into(connection, ACKNOWLEDGED)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[column.name for column in ACKNOWLEDGED.primary_key],
            set_={"last_offset": statement.excluded.last_offset},
            where=ACKNOWLEDGED.c.last_offset < statement.excluded.last_offset,
        ),
        [
            {"stream": stream, "topic": topic, "partition": partition, "last_offset": offset}
            for (topic, partition), offset in sorted(offsets.items())
        ],
    )


def read_acknowledged(connection: Connection, stream: str) -> dict[Position, int]:
    """Return the last acknowledged offset by topic and partition."""
    rows = connection.execute(
        select(ACKNOWLEDGED)
        .where(ACKNOWLEDGED.c.stream == stream)
        .order_by(ACKNOWLEDGED.c.topic, ACKNOWLEDGED.c.partition)
    )
    return {(row.topic, row.partition): row.last_offset for row in rows}
