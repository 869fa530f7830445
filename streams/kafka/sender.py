"""Sends records all or nothing, and reads back what was sent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError as ClientError
from confluent_kafka import KafkaException, Producer

from streams.kafka.admin import MAX_MESSAGE_BYTES
from streams.kafka.connection import CONNECT_SECONDS, NEW_TOPIC_MILLISECONDS, Connection
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.deadline import Deadline
from streams.kafka.errors import FencedError, KafkaError
from streams.kafka.settings import KafkaSettings
from streams.messages import Message, Record

_SEND_SECONDS = 60.0
_BATCH = 1000
_WAIT_SECONDS = 0.1


class TransactionalSender:
    """One transaction a call; the newest sender with a transactional id fences the older ones.

    Parameters
    ----------
    settings : KafkaSettings
        The cluster.
    transactional_id : str
        The same for every incarnation of one outbox. What an older one left unfinished is
        undone before the constructor returns.

    Raises
    ------
    KafkaError
        If the cluster cannot be reached or refuses the login or the id.
    """

    def __init__(self, settings: KafkaSettings, transactional_id: str) -> None:
        self._thing = f"transactional id {transactional_id}"
        self._connection = Connection(settings)
        self._client = Producer(
            self._connection.configuration(
                transactional_id=transactional_id,
                transaction_timeout_ms=int(_SEND_SECONDS * 1000),
                allow_auto_create_topics=False,
                topic_metadata_propagation_max_ms=NEW_TOPIC_MILLISECONDS,
                linger_ms=2,
                message_max_bytes=MAX_MESSAGE_BYTES,
                compression_type="zstd",
            )
        )
        self._connection.metadata(self._client)
        self._retry(self._client.init_transactions, CONNECT_SECONDS * 2)

    def send(self, records: Sequence[Record]) -> list[tuple[int, int]]:
        """Send all the records in one transaction.

        Returns
        -------
        list of (int, int)
            Partition and offset of each record, in their order.

        Raises
        ------
        FencedError
            If a newer sender has the same id: nothing was sent, this sender is of no more use.
        KafkaError
            If the records could not be sent: nothing of them is visible. Only when the broker
            went away during the commit itself may they be; `read_back` after a new sender was
            made says which.
        """
        if not records:
            return []
        places: list[tuple[int, int] | None] = [None] * len(records)
        failures: list[ClientError] = []
        try:
            self._client.begin_transaction()
            for number, record in enumerate(records):
                self._produce(record, _noter(places, number, failures))
            self._client.flush(_SEND_SECONDS)
            if failures:
                raise KafkaException(failures[0])
            self._retry(self._client.commit_transaction, _SEND_SECONDS)
        except KafkaException as error:
            self._undo(error.args[0])
        return [place for place in places if place is not None]

    def close(self) -> None:
        """Forget the sender; nothing is left unsent between calls."""
        self._client.flush(_WAIT_SECONDS)

    def _produce(self, record: Record, note: Callable[[ClientError | None, Any], None]) -> None:
        while True:
            try:
                self._client.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    headers=list(record.headers),
                    on_delivery=note,
                )
            except BufferError:
                self._client.poll(_WAIT_SECONDS)
            else:
                return

    def _undo(self, cause: ClientError) -> None:
        """Abort the transaction and raise what stopped it."""
        reason = self._connection.error(self._thing, cause)
        if not cause.fatal() and not isinstance(reason, FencedError):
            try:
                self._retry(self._client.abort_transaction, _SEND_SECONDS)
            except KafkaException as error:
                reason = self._connection.error(self._thing, error.args[0])
        raise reason

    def _retry(self, call: Callable[[float], None], timeout_s: float) -> None:
        """Call until it succeeds, the time is over or the error is one that stays."""
        deadline = Deadline(timeout_s)
        while True:
            try:
                call(deadline.left_s(at_least=_WAIT_SECONDS))
            except KafkaException as error:
                if not error.args[0].retriable() or deadline.is_over:
                    raise
            else:
                return


def read_back(
    settings: KafkaSettings,
    topic: str,
    from_offsets: Mapping[int, int],
    *,
    patience_s: float = 60.0,
) -> Iterator[Message]:
    """Yield the committed messages of a topic from the given offsets up to its present end.

    A transaction that is still open hides its end: make the new `TransactionalSender` first, which
    undoes what its predecessor left open.

    Parameters
    ----------
    settings : KafkaSettings
        The cluster.
    topic : str
        Its name.
    from_offsets : mapping of int to int
        First offset by partition; a partition without one is read from its beginning.
    patience_s : float
        Longest time without a message before the end.

    Raises
    ------
    KafkaError
        If the topic does not exist, an offset is not on the broker, or nothing comes for too long.
    """
    positions = {(topic, partition): offset for partition, offset in from_offsets.items()}
    with PartitionConsumer(settings, [topic], positions) as consumer:
        deadline = Deadline(patience_s)
        while consumer.at_end() != consumer.assigned:
            messages = consumer.poll(_BATCH, _WAIT_SECONDS)
            yield from messages
            if messages:
                deadline = Deadline(patience_s)
            elif deadline.is_over:
                reason = consumer.error_state or "nothing came"
                raise KafkaError(f"topic {topic}", f"its end was not reached: {reason}")


def _noter(
    places: list[tuple[int, int] | None], number: int, failures: list[ClientError]
) -> Callable[[ClientError | None, Any], None]:
    def note(error: ClientError | None, message: Any) -> None:
        if error is not None:
            failures.append(error)
        else:
            places[number] = (message.partition(), message.offset())

    return note
