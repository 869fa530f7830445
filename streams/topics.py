"""The topics of the contract: their names, which table each carries, and the keys of messages.

A firm writes its orders either to the shared topic or to one of its own, `orders.v1.<firm_id>`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from streams.errors import StreamError
from streams.tables import TABLES

COMPACTED_TABLES = ("accounts", "declarations", "instruments")
"""Reference data: the newest message of a key counts, a null value removes it."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of topics behind an optional prefix, which keeps tests on a cluster apart.

    Examples
    --------
    >>> Topics().orders_of("F1")
    'orders.v1.F1'
    >>> Topics("t7.").table("t7.orders.v1.F1"), Topics("t7.").firm("t7.orders.v1.F1")
    ('orders', 'F1')
    """

    prefix: str = ""

    @property
    def orders(self) -> str:
        """The orders of all firms that have no topic of their own."""
        return self.of("orders")

    @property
    def groups(self) -> str:
        """The newest verdict of each group, written by us, compacted."""
        return f"{self.prefix}groups.v1"

    @property
    def flags(self) -> str:
        """What was raised, changed or withdrawn, written by us."""
        return f"{self.prefix}flags.v1"

    @property
    def dead_letters(self) -> str:
        """Events that were refused, written by us."""
        return f"{self.prefix}dead-letters.v1"

    @property
    def copier_orders(self) -> str:
        """Orders of the copiers, written by us, for the venue."""
        return f"{self.prefix}copier-orders.v1"

    @property
    def account_updates(self) -> str:
        """What accounts hold, for the copiers."""
        return f"{self.prefix}account-updates.v1"

    def of(self, table: str) -> str:
        """Return the shared topic of a table of the contract.

        Raises
        ------
        StreamError
            If there is no such table.
        """
        if table not in TABLES:
            raise StreamError(f"table must be one of {', '.join(TABLES)}, was {table!r}")
        return f"{self.prefix}{table}.v1"

    def orders_of(self, firm_id: str) -> str:
        """Return a firm's own topic of orders.

        Raises
        ------
        StreamError
            If Kafka does not allow the id in the name of a topic.
        """
        topic = f"{self.orders}.{firm_id}"
        if not firm_id or not _is_legal(topic):
            rule = "letters, digits, dots, hyphens and underscores, with the topic at most 249"
            raise StreamError(f"firm_id of a topic must be of {rule}, was {firm_id!r}")
        return topic

    def table(self, topic: str) -> str | None:
        """Return which table a topic carries, None when it carries none."""
        for table in TABLES:
            if topic == self.of(table):
                return table
        return "orders" if self.firm(topic) is not None else None

    def firm(self, topic: str) -> str | None:
        """Return whose own topic of orders it is, None for every other topic."""
        own = f"{self.orders}."
        return topic.removeprefix(own) if topic.startswith(own) and topic != own else None


def keys(batch: pa.RecordBatch, table: str, families: Mapping[str, str] | None = None) -> list[str]:
    """Return the key of each row's message, the same for all that must stay in order.

    Orders go by their instrument's family (by the instrument where it has none), sessions by
    account, reference data by id. The rows of a declaration share its id, so their key is the
    JSON array of declaration and account: compaction keeps each of them.

    Parameters
    ----------
    batch : pa.RecordBatch
        Rows of the table, canonical columns.
    table : str
        A key of `TABLES`.
    families : mapping of str to str, optional
        Instrument to family, for orders.
    """
    if table == "orders":
        known = families or {}
        return [known.get(name, name) for name in batch.column("instrument_id").to_pylist()]
    if table == "sessions":
        return list(batch.column("account_id").to_pylist())
    columns = [batch.column(name).to_pylist() for name in TABLES[table].key]
    if len(columns) == 1:
        return list(columns[0])
    return [_joined(parts) for parts in zip(*columns, strict=True)]


def _joined(parts: Sequence[str]) -> str:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def _is_legal(topic: str) -> bool:
    is_plain = all(c.isalnum() or c in "._-" for c in topic) and topic.isascii()
    return is_plain and len(topic) <= 249
