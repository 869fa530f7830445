"""Reference data of a stream: the newest row of every key, from topics into tables.

Accounts, declarations and instruments come on compacted topics, where a null value removes the
key; sessions add up. A change takes effect at the next judgement.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from streams.codec import Decoded
from streams.messages import Message
from streams.tables import TABLES
from streams.topics import keys
from surveillance.pipeline.reference import ReferenceData
from surveillance.store.live import ReferenceChange

REFERENCE_TABLES = ("accounts", "sessions", "declarations", "instruments")


class ReferenceTables:
    """The rows of all reference tables, by table and key."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, dict[str, object]]] = {
            name: {} for name in REFERENCE_TABLES
        }

    def load(self, documents: Mapping[str, Iterable[str]]) -> None:
        """Take the documents that the store holds, by table."""
        for table, texts in documents.items():
            rows = [json.loads(text) for text in texts]
            batch = pa.RecordBatch.from_pylist(rows, schema=TABLES[table].schema)
            for key, row in zip(_keys(batch, table), rows, strict=True):
                self._rows[table][key] = row

    def apply(
        self, table: str, decoded: Decoded, messages: Sequence[Message]
    ) -> list[ReferenceChange]:
        """Take decoded rows and tombstones, in the order in which they came."""
        batch = decoded.batch
        rows = zip(_keys(batch, table), batch.to_pylist(), strict=True)
        news: list[tuple[int, str, dict[str, object] | None]] = [
            (int(place), key, row) for place, (key, row) in zip(decoded.message, rows, strict=True)
        ]
        news += [
            (place, (messages[place].key or b"").decode("utf-8", "replace"), None)
            for place in decoded.tombstones
        ]
        changes = []
        for _, key, row in sorted(news, key=lambda entry: entry[0]):
            if row is None:
                self._rows[table].pop(key, None)
            else:
                self._rows[table][key] = row
            text = json.dumps(row, separators=(",", ":")) if row is not None else None
            changes.append(ReferenceChange(table, key, text))
        return changes

    def table(self, name: str) -> pa.Table:
        """Return a table, rows by key."""
        rows = [row for _, row in sorted(self._rows[name].items())]
        return pa.Table.from_pylist(rows, schema=TABLES[name].schema)

    def tables(self) -> dict[str, pa.Table]:
        """Return all tables by name."""
        return {name: self.table(name) for name in REFERENCE_TABLES}

    def data(self) -> ReferenceData:
        """Return the tables as the judges take them."""
        return ReferenceData(**self.tables())


def _keys(batch: pa.RecordBatch, table: str) -> list[str]:
    if table == "sessions":  # messages are keyed by account, rows by session
        return list(batch.column("session_id").to_pylist())
    return keys(batch, table)
