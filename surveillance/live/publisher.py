"""The publisher: what waits in the outbox goes to its topics, each record once.

A transaction carries the records, and the store then acknowledges them. After a crash in between
the topics are read back from the last acknowledged offset, and what stands there is acknowledged
before anything is sent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from streams.eventtime import Partition
from streams.messages import Message, Record
from surveillance.store.live import LiveStore, OutboxRow

IDENTITY = "identity"
"""Header that names a record: readers may drop one that they have seen."""
_RECORDS_AT_A_TIME = 1_000
_CONTENT_TYPE = ("content-type", b"application/json")

ReadBack = Callable[[str, Mapping[int, int]], Iterable[Message]]


class Sender(Protocol):
    """Sends records all or nothing."""

    def send(self, records: Sequence[Record]) -> list[tuple[int, int]]:
        """Send the records; return partition and offset of each."""
        ...


class Publisher:
    """Empties the outbox of a stream.

    Parameters
    ----------
    store : LiveStore
        Holds the outbox.
    sender : Sender
        Made before anything is read back: making it ends what an earlier one left open.
    read_back : callable
        Returns the messages of a topic from the given offsets by partition up to its end.
    """

    def __init__(self, store: LiveStore, sender: Sender, read_back: ReadBack) -> None:
        self._store, self._sender, self._read_back = store, sender, read_back

    def recover(self) -> None:
        """Acknowledge what an earlier publisher sent without saying so.

        That is at most one transaction: the first records that wait.
        """
        rows = self._store.pending(_RECORDS_AT_A_TIME)
        if not rows:
            return
        last = self._store.last_acknowledged()
        sent: dict[bytes, tuple[Partition, int]] = {}
        for topic in sorted({row.record.topic for row in rows}):
            offsets = {p: offset + 1 for (name, p), offset in last.items() if name == topic}
            for message in self._read_back(topic, offsets):
                identity = dict(message.headers).get(IDENTITY)
                if identity is not None:
                    sent[identity] = (topic, message.partition), message.offset
        found = [(row, sent[key]) for row in rows if (key := _identity(row)) in sent]
        self._acknowledge([row for row, _ in found], [place for _, place in found])

    def publish(self) -> int:
        """Send everything that waits; return how many records it was."""
        n_sent = 0
        while rows := self._store.pending(_RECORDS_AT_A_TIME):
            places = self._sender.send([_record(row) for row in rows])
            self._acknowledge(
                rows,
                [
                    ((row.record.topic, partition), offset)
                    for row, (partition, offset) in zip(rows, places, strict=True)
                ],
            )
            n_sent += len(rows)
        return n_sent

    def _acknowledge(
        self, rows: Sequence[OutboxRow], places: Sequence[tuple[Partition, int]]
    ) -> None:
        last: dict[Partition, int] = {}
        for partition, offset in places:
            last[partition] = max(offset, last.get(partition, offset))
        if rows:
            self._store.acknowledge([row.number for row in rows], last)


def _record(row: OutboxRow) -> Record:
    record = row.record
    return Record(
        record.topic,
        record.value.encode() if record.value else None,
        record.key.encode(),
        (_CONTENT_TYPE, (IDENTITY, _identity(row))),
    )


def _identity(row: OutboxRow) -> bytes:
    return row.record.identity.encode()
