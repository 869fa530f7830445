"""For firms: sends order, session and reference events of columns to the topics of the contract.

Each event goes to the partition of its key (docs/kafka.md), so that what belongs together stays in
order. The client is idempotent: what it sends again after an outage is written once. Give events an
`event_id`; then even a batch that is sent twice counts once.
"""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
from confluent_kafka import KafkaError as ClientError
from confluent_kafka import Producer
from numpy.typing import NDArray

from streams.codec import ContentType, encode_arrow, encode_fix, encode_json
from streams.codec.contents import headers_of
from streams.kafka.connection import NEW_TOPIC_MILLISECONDS, Connection
from streams.kafka.errors import KafkaError
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics, keys

_WAIT_SECONDS = 0.1
_FLUSH_SECONDS = 300.0
_ROWS_OF_A_MESSAGE = 10_000


class EventProducer:
    """Sends batches and raises when one of their messages could not be delivered.

    Parameters
    ----------
    settings : KafkaSettings
        The cluster.
    topics : Topics
        The names of the topics.
    firm_id : str or None
        Send orders to this firm's own topic; None sends them to the shared one.
    content_type : ContentType
        How orders are written: JSON and FIX one a message, Arrow up to 10,000 of one partition,
        all its families together so that event order stays, under the key of the first.
        Sessions and reference data are always JSON.
    families : mapping of str to str
        Instrument to family; an instrument that is missing is its own.

    Raises
    ------
    KafkaError
        If the cluster cannot be reached or refuses the login.

    Examples
    --------
    >>> with EventProducer(KafkaSettings("127.0.0.1:9092")) as producer:  # doctest: +SKIP
    ...     producer.send(orders)
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Topics | None = None,
        *,
        firm_id: str | None = None,
        content_type: ContentType = ContentType.JSON,
        families: Mapping[str, str] | None = None,
    ) -> None:
        self._topics = topics or Topics()
        self._firm_id = firm_id
        self._content_type = content_type
        self._families = families or {}
        self._n_orders = 0
        self._n_partitions: dict[str, int] = {}
        self._failures: list[str] = []
        self._connection = Connection(settings)
        self._client = Producer(
            self._connection.configuration(
                enable_idempotence=True,
                allow_auto_create_topics=False,
                compression_type="lz4",
                linger_ms=5,
                topic_metadata_propagation_max_ms=NEW_TOPIC_MILLISECONDS,
                message_max_bytes=16 * 1024 * 1024,
                delivery_report_only_error=True,
            )
        )
        self._connection.metadata(self._client)

    def __enter__(self) -> "EventProducer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.flush()

    def send(
        self, batch: pa.RecordBatch, table: str = "orders", *, firm_id: str | None = None
    ) -> None:
        """Queue the rows of a batch; waits while the queue is full.

        Parameters
        ----------
        batch : pa.RecordBatch
            Rows of the table in canonical columns.
        table : str
            A table of the contract.
        firm_id : str or None
            Send orders to this firm's own topic; by default to the producer's firm's.

        Raises
        ------
        KafkaError
            If an earlier message could not be delivered.
        StreamError
            If a row cannot be written in the content type.
        """
        is_orders = table == "orders"
        firm_id = firm_id or self._firm_id
        if is_orders and firm_id is not None:
            topic = self._topics.orders_of(firm_id)
        else:
            topic = self._topics.of(table)
        kind = self._content_type if is_orders else ContentType.JSON
        headers = list(headers_of(kind))
        names = keys(batch, table, self._families)
        if kind is ContentType.ARROW:
            for rows in self._partition_rows(topic, names):
                value = encode_arrow(batch.take(pa.array(rows)))
                self._produce(topic, names[rows[0]].encode(), value, headers)
        else:
            for name, value in zip(names, self._values(batch, kind, firm_id), strict=True):
                self._produce(topic, name.encode(), value, headers)
        self._n_orders += batch.num_rows if is_orders else 0
        self._raise_failures()

    def flush(self) -> None:
        """Return when everything is on the brokers.

        Raises
        ------
        KafkaError
            If a message could not be delivered.
        """
        n_left = self._client.flush(_FLUSH_SECONDS)
        self._raise_failures()
        if n_left:
            reason = self._connection.last_error or "no answer"
            raise KafkaError("delivery", f"{n_left} messages are still on their way: {reason}")

    def _values(self, batch: pa.RecordBatch, kind: ContentType, firm_id: str | None) -> list[bytes]:
        if kind is ContentType.FIX:
            return encode_fix(batch, sender=firm_id, first_number=self._n_orders + 1)
        return encode_json(batch)

    def _partition_rows(self, topic: str, names: list[str]) -> Iterator[NDArray[np.int64]]:
        """Yield the rows of each partition in their order, cut to the rows of a message."""
        n_partitions = self._partition_count(topic)
        distinct, numbers = np.unique(np.array(names, object), return_inverse=True)
        # As librdkafka itself places a key, so that every form of a family goes to one partition.
        partition = np.array([crc32(name.encode()) % n_partitions for name in distinct], np.int64)
        partition_of_row = partition[numbers]
        for chosen in np.unique(partition_of_row):
            rows = np.flatnonzero(partition_of_row == chosen)
            for first in range(0, len(rows), _ROWS_OF_A_MESSAGE):
                yield rows[first : first + _ROWS_OF_A_MESSAGE]

    def _partition_count(self, topic: str) -> int:
        if topic not in self._n_partitions:
            known = self._connection.metadata(self._client).topics
            if topic not in known:
                raise KafkaError(f"topic {topic}", "does not exist on the broker")
            self._n_partitions[topic] = len(known[topic].partitions)
        return self._n_partitions[topic]

    def _produce(self, topic: str, key: bytes, value: bytes, headers: list[Any]) -> None:
        while True:
            try:
                self._client.produce(
                    topic, value=value, key=key, headers=headers, on_delivery=self._note_failure
                )
            except BufferError:
                self._client.poll(_WAIT_SECONDS)
                self._connection.raise_if_fatal()
            else:
                return

    def _note_failure(self, error: ClientError | None, message: Any) -> None:
        if error is not None:
            self._failures.append(f"topic {message.topic()}: {self._connection.text(error)}")

    def _raise_failures(self) -> None:
        self._client.poll(0)
        self._connection.raise_if_fatal()
        if self._failures:
            first, n_failures = self._failures[0], len(self._failures)
            self._failures.clear()
            raise KafkaError(
                "delivery", f"{n_failures} messages could not be sent, the first: {first}"
            )
