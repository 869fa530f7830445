"""Reads partitions from given positions: assignment by hand, no rebalance, no commit that decides.

The truth on what was read is the caller's: it saves `positions()` with what it made of the messages
and hands them back on start. A position that the broker no longer holds is an error, never a jump.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaException,
    TopicPartition,
)
from confluent_kafka import KafkaError as ClientError

from streams.kafka.connection import CONNECT_SECONDS, Connection
from streams.kafka.deadline import Deadline
from streams.kafka.errors import KafkaError
from streams.kafka.partitions import Partition, check_positions, find_partitions
from streams.kafka.settings import KafkaSettings
from streams.messages import Message

_STOPPING = frozenset(
    {
        ClientError._AUTO_OFFSET_RESET,
        ClientError._UNKNOWN_TOPIC,
        ClientError._UNKNOWN_PARTITION,
        ClientError.UNKNOWN_TOPIC_OR_PART,
        ClientError.TOPIC_AUTHORIZATION_FAILED,
        ClientError.GROUP_AUTHORIZATION_FAILED,
    }
)
_RETRY_SECONDS = 0.1
_ASK_SECONDS = 1.0
_WATERMARK_SECONDS = 5.0
_SILENT_SECONDS = 10.0
"""After how long without a word the cluster is asked, and a client that finds it not is renewed."""
_new = tuple.__new__  # Message(...) by its constructor takes twice as long


class PartitionConsumer:
    """All partitions of some topics, each from its position.

    Parameters
    ----------
    settings : KafkaSettings
        The cluster.
    topics : sequence of str
        Names; one that starts with ``^`` is a regular expression that a whole name must match and
        may match nothing.
    positions : mapping of (str, int) to int
        Offset of the next message by topic and partition; a partition without one is read from
        its beginning.
    group_id : str
        Where `commit_for_display` writes to; nothing is ever read from it.
    queue_kbytes : int
        Messages fetched ahead are held up to this much: the bound of the consumer's memory.
    connect_seconds : float
        Longest wait for the first contact.

    Raises
    ------
    KafkaError
        If the cluster cannot be reached or refuses the login, a topic does not exist, or a
        position is of a partition that its topic does not have.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Sequence[str],
        positions: Mapping[Partition, int],
        *,
        group_id: str = "exchange-surveillance",
        queue_kbytes: int = 65_536,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        self._topics = tuple(topics)
        self._saved = dict(positions)
        self._connection = Connection(settings, connect_seconds)
        self._options = _options(group_id, queue_kbytes)
        self._client = Consumer(self._connection.configuration(**self._options))
        self._heard = Deadline(_SILENT_SECONDS)
        self._is_paused = False
        self._assigned: set[Partition] = set()
        self._positions: dict[Partition, int] = {}
        self._eof: dict[Partition, int] = {}
        try:
            self.refresh()
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> "PartitionConsumer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def error_state(self) -> str | None:
        """What the client last reported and goes on trying, None once messages come again."""
        return self._connection.last_error

    @property
    def assigned(self) -> frozenset[Partition]:
        """The partitions that are read."""
        return frozenset(self._assigned)

    def refresh(self) -> frozenset[Partition]:
        """Take up topics and partitions that have appeared; return the new ones.

        Raises
        ------
        KafkaError
            As for the constructor.
        """
        metadata = self._connection.metadata(self._client, is_reading=bool(self._assigned))
        found = find_partitions(metadata, self._topics)
        check_positions(metadata, self._saved)
        new = found - self._assigned
        if new:
            self._assign(new)
            self._assigned |= new
        return new

    def poll(self, max_messages: int, timeout_s: float) -> list[Message]:
        """Return what is there, waiting for the first message only.

        Parameters
        ----------
        max_messages : int
            The most that is returned; 1,000 to 5,000 are read fastest.
        timeout_s : float
            Longest wait when nothing is there.

        Returns
        -------
        list of Message
            In the order of each partition; empty when nothing came, also while the broker is
            away (`error_state` then says so).

        Raises
        ------
        KafkaError
            If the position is no longer on the broker, the topic is gone, or reading it is
            forbidden. The consumer is of no more use then, nor are its positions.
        """
        client = self._client
        fetched = client.consume(max_messages, 0)
        if not fetched:
            fetched = client.consume(1, timeout_s)
            if fetched and max_messages > 1:
                fetched += client.consume(max_messages - 1, 0)
        self._connection.raise_if_fatal()
        if fetched:
            self._heard = Deadline(_SILENT_SECONDS)
        elif self._heard.is_over:
            self._ask()
        messages = [_message(each) for each in fetched if each.error() is None]
        self._positions.update({(each.topic, each.partition): each.offset + 1 for each in messages})
        if len(messages) < len(fetched):
            self._note_events(fetched)
        if messages:
            self._connection.recovered()
        return messages

    def positions(self) -> dict[Partition, int]:
        """Return the offset of the next message of every partition whose position is known."""
        return self._saved | self._positions

    def at_end(self) -> frozenset[Partition]:
        """Return the partitions of which nothing was left when they were last looked at.

        What came since then, during an outage for example, shows when it is fetched.
        """
        return frozenset(
            partition for partition, end in self._eof.items() if self._positions[partition] >= end
        )

    def ends(self, *, fresh_within_s: float | None = None) -> dict[Partition, int]:
        """Return the high watermark of every partition; markers of transactions count too.

        Parameters
        ----------
        fresh_within_s : float or None
            None: as the last fetch told it, a partition that was not fetched yet is missing.
            Otherwise the brokers are asked, each partition for at most so long.

        Raises
        ------
        KafkaError
            If a broker that is asked does not answer.
        """
        found = {}
        for partition in sorted(self._assigned):
            end = self._end(partition, fresh_within_s)
            if end >= 0:
                found[partition] = end
        return found

    def pause(self) -> None:
        """Fetch nothing more until `resume`; the session with the broker is kept."""
        self._is_paused = True
        self._client.pause(self._handles())

    def resume(self) -> None:
        """Go on where the last returned message ended."""
        self._is_paused = False
        self._client.resume(self._handles())

    def commit_for_display(self, positions: Mapping[Partition, int]) -> None:
        """Let the cluster's own tools show the lag; returns at once, nothing depends on it."""
        if positions:
            self._client.commit(offsets=_offsets(positions), asynchronous=True)

    def close(self) -> None:
        """Leave the cluster."""
        self._client.close()

    def _handles(self) -> list[TopicPartition]:
        return [TopicPartition(*partition) for partition in sorted(self._assigned)]

    def _end(self, partition: Partition, fresh_within_s: float | None) -> int:
        """Return a high watermark, negative where it is not known."""
        handle = TopicPartition(*partition)
        if fresh_within_s is None:
            return int(self._client.get_watermark_offsets(handle, cached=True)[1])
        deadline = Deadline(fresh_within_s)
        while True:
            try:
                left = min(deadline.left_s(at_least=_RETRY_SECONDS), _WATERMARK_SECONDS)
                return int(self._client.get_watermark_offsets(handle, timeout=left)[1])
            except KafkaException as error:  # at once while a partition is without a leader
                if deadline.is_over:
                    raise self._connection.error(f"topic {partition[0]}", error.args[0]) from None
                time.sleep(_RETRY_SECONDS)
                self._ask()  # who leads now

    def _assign(self, partitions: Iterable[Partition]) -> None:
        positions = self.positions()
        self._client.incremental_assign(
            [
                TopicPartition(*partition, positions.get(partition, OFFSET_BEGINNING))
                for partition in sorted(partitions)
            ]
        )

    def _ask(self) -> None:
        """Ask the cluster for its leaders; where it has been silent for long, by a new client.

        A client that once was told of no broker at all never finds one again, though they are back
        (docs/decisions.md, 55).
        """
        try:
            self._client.list_topics(timeout=_ASK_SECONDS)
        except KafkaException:
            if not self._heard.is_over:
                return
            self._client.close()
            self._client = Consumer(self._connection.configuration(**self._options))
            self._assign(self._assigned)
            if self._is_paused:
                self._client.pause(self._handles())
        self._heard = Deadline(_SILENT_SECONDS)

    def _note_events(self, fetched: Sequence[Any]) -> None:
        """Take what is no message: the end of a partition or an error of it."""
        for each in fetched:
            if (error := each.error()) is not None:
                self._note(error, (each.topic(), each.partition()), each.offset())

    def _note(self, error: ClientError, partition: Partition, offset: int) -> None:
        if error.code() == ClientError._PARTITION_EOF:
            # Past the markers of transactions, which no message shows; of one batch a message may
            # lie behind the end.
            self._eof[partition] = offset
            self._positions[partition] = max(offset, self._positions.get(partition, 0))
            self._connection.recovered()
        elif error.code() == ClientError._AUTO_OFFSET_RESET:
            position = self.positions().get(partition)
            raise KafkaError(
                f"topic {partition[0]}, partition {partition[1]}",
                f"position {position} is not on the broker: the messages were deleted or the "
                f"topic was made anew",
            )
        elif error.code() in _STOPPING or error.fatal():
            raise self._connection.error(f"topic {partition[0]}", error)
        else:
            self._connection.last_error = self._connection.text(error)


def _message(each: Any) -> Message:
    headers = each.headers()
    return _new(
        Message,
        (
            each.topic(),
            each.partition(),
            each.offset(),
            each.value(),
            each.key(),
            tuple(headers) if headers else (),
        ),
    )


def _options(group_id: str, queue_kbytes: int) -> dict[str, object]:
    return {
        "group_id": group_id,
        "enable_auto_commit": False,
        "enable_auto_offset_store": False,
        "auto_offset_reset": "error",
        "isolation_level": "read_committed",
        "enable_partition_eof": True,
        "allow_auto_create_topics": False,
        "fetch_wait_max_ms": 50,
        "fetch_queue_backoff_ms": 10,
        "queued_min_messages": 1_000_000,
        "queued_max_messages_kbytes": queue_kbytes,
    }


def _offsets(positions: Mapping[Partition, int]) -> list[TopicPartition]:
    return [
        TopicPartition(topic, partition, offset)
        for (topic, partition), offset in sorted(positions.items())
    ]
