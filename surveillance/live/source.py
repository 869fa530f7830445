"""Where a worker's messages come from: a broker, or a list in the tests."""

from typing import Protocol

from streams.eventtime import Partition
from streams.messages import Message


class Source(Protocol):
    """Where messages come from."""

    @property
    def assigned(self) -> frozenset[Partition]:
        """The partitions that are read."""
        ...

    def poll(self, max_messages: int, timeout_s: float) -> list[Message]:
        """Return what is there, each partition's messages in the order of their offsets."""
        ...

    def positions(self) -> dict[Partition, int]:
        """Return the offset of the next message by partition."""
        ...

    def at_end(self) -> frozenset[Partition]:
        """Return the partitions of which nothing is left."""
        ...
