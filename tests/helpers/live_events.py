"""Events, messages and a source in memory for a worker of a stream."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from streams.codec import ContentType, encode_json, headers_of
from streams.eventtime import Partition
from streams.messages import Message, Record
from streams.tables import ORDER_SCHEMA

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
START_NS = 1_767_600_000 * SECOND_NS
_PLAIN = {
    "event_time_ns": START_NS,
    "account_id": "A",
    "instrument_id": "ES",
    "side": "buy",
    "quantity": 1.0,
    "firm_id": "F1",
}


def events(*changes: dict[str, Any]) -> pa.RecordBatch:
    """Return one order for each dictionary of what is not plain about it."""
    return pa.RecordBatch.from_pylist([_PLAIN | change for change in changes], ORDER_SCHEMA)


def json_messages(
    batch: pa.RecordBatch, topic: str = "orders.v1", *, partition: int = 0, first_offset: int = 0
) -> list[Message]:
    """Return each row as a message, offsets counting on."""
    return [
        Message(topic, partition, offset, value, b"ES")
        for offset, value in enumerate(encode_json(batch), start=first_offset)
    ]


def typed(
    value: bytes | None, kind: ContentType | bytes | None = None, *, offset: int = 0
) -> Message:
    """Return a message of orders with a content type."""
    headers: Sequence[tuple[str, bytes]] = ()
    if isinstance(kind, ContentType):
        headers = headers_of(kind)
    elif kind is not None:
        headers = (("content-type", kind),)
    return Message("orders.v1", 0, offset, value, b"ES", tuple(headers))


class MemorySource:
    """Messages of some partitions, handed out in the order given; more may be added.

    Parameters
    ----------
    messages : sequence of Message
        What is there at first.
    positions : dict of Partition to int
        Offsets to go on from: what lies before them is not handed out again.
    partitions : collection of Partition
        Partitions that are assigned though they hold nothing yet.
    """

    def __init__(
        self,
        messages: Sequence[Message] = (),
        positions: dict[Partition, int] | None = None,
        partitions: Sequence[Partition] = (),
    ) -> None:
        self._positions = dict(positions or {})
        self._assigned = set(partitions)
        self._left: list[Message] = []
        self.add(messages)

    def add(self, messages: Sequence[Message]) -> None:
        """Let more messages come."""
        for message in messages:
            place = message.topic, message.partition
            self._assigned.add(place)
            if message.offset >= self._positions.get(place, 0):
                self._left.append(message)

    @property
    def assigned(self) -> frozenset[Partition]:
        return frozenset(self._assigned)

    def poll(self, max_messages: int, timeout_s: float) -> list[Message]:
        del timeout_s  # nothing comes later than now
        taken, self._left = self._left[:max_messages], self._left[max_messages:]
        for message in taken:
            self._positions[message.topic, message.partition] = message.offset + 1
        return taken

    def positions(self) -> dict[Partition, int]:
        return dict(self._positions)

    def at_end(self) -> frozenset[Partition]:
        return frozenset(self._assigned - {(m.topic, m.partition) for m in self._left})


class MemoryTopics:
    """Topics of one partition: a sender that keeps what it was given, and reads it back."""

    def __init__(self) -> None:
        self.records: dict[str, list[Record]] = {}
        self.n_transactions = 0

    def send(self, records: Sequence[Record]) -> list[tuple[int, int]]:
        self.n_transactions += 1
        places = []
        for record in records:
            held = self.records.setdefault(record.topic, [])
            places.append((0, len(held)))
            held.append(record)
        return places

    def read_back(self, topic: str, offsets: Any) -> list[Message]:
        first = offsets.get(0, 0)
        held = self.records.get(topic, [])
        return [
            Message(topic, 0, offset, record.value, record.key, record.headers)
            for offset, record in enumerate(held)
            if offset >= first
        ]

    def identities(self, topic: str) -> list[bytes]:
        return [dict(record.headers)["identity"] for record in self.records.get(topic, [])]
