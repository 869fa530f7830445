"""Reference data of a stream: the newest document of each key, as the compacted topics hold it."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, delete, or_, select

from surveillance.store.live.inserting import upsert
from surveillance.store.live.records import ReferenceChange
from surveillance.store.live.tables import REFERENCE

KEYS_AT_A_TIME = 300  # bounds the parameters of one statement


def write_reference(
    connection: Connection, stream: str, changes: Sequence[ReferenceChange]
) -> None:
    """Apply changes in order."""
    newest = {(change.table, change.key): change.document for change in changes}
    upsert(
        connection,
        REFERENCE,
        [
            {"stream": stream, "table_name": table, "key": key, "document": document}
            for (table, key), document in newest.items()
            if document is not None
        ],
    )
    removed = [place for place, document in newest.items() if document is None]
    for start in range(0, len(removed), KEYS_AT_A_TIME):
        piece = removed[start : start + KEYS_AT_A_TIME]
        is_removed = or_(
            *(and_(REFERENCE.c.table_name == table, REFERENCE.c.key == key) for table, key in piece)
        )
        connection.execute(delete(REFERENCE).where(REFERENCE.c.stream == stream, is_removed))


def read_reference(connection: Connection, stream: str, table: str) -> list[str]:
    """Return the documents of a table by key."""
    query = (
        select(REFERENCE.c.document)
        .where(REFERENCE.c.stream == stream, REFERENCE.c.table_name == table)
        .order_by(REFERENCE.c.key)
    )
    return list(connection.scalars(query))
