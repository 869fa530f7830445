"""The benchmark's topics: the orders of a dataset, as JSON or as Arrow batches of 1,000."""

import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
from confluent_kafka import Producer

from streams.codec import ContentType, encode_arrow
from streams.codec.contents import headers_of
from streams.eventtime import in_event_order
from streams.files import Dataset
from streams.kafka.admin import create_topics, plan_topics
from streams.kafka.producer import EventProducer
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics, keys

_ROWS_OF_A_MESSAGE = 1_000
_ROWS_AT_A_TIME = 50_000
_EVER_NS = 2**62
_REFERENCE = ("instruments", "accounts", "declarations", "sessions")


def fill_topics(dataset: Path, kafka: KafkaSettings, topics: Topics, form: ContentType) -> int:
    """Make the topics of one form and send the dataset; return the order events.

    Parameters
    ----------
    dataset : Path
        Directory of a dataset.
    kafka : KafkaSettings
        The cluster.
    topics : Topics
        Their names.
    form : ContentType
        JSON or ARROW.
    """
    create_topics(kafka, plan_topics(topics))
    source = Dataset.open(dataset)
    tables = {name: source.table(name, latest_time_ns=_EVER_NS) for name in _REFERENCE}
    families = {row["instrument_id"]: row["family"] for row in tables["instruments"].to_pylist()}
    batches = source.order_batches(latest_time_ns=_EVER_NS)
    orders = pa.Table.from_batches(
        [in_event_order(pa.Table.from_batches(batches).combine_chunks())]
    )
    with EventProducer(kafka, topics, families=families) as producer:
        for name, table in tables.items():
            for batch in table.to_batches():
                producer.send(batch, name)
        if form is ContentType.JSON:
            for batch in orders.to_batches(max_chunksize=_ROWS_AT_A_TIME):
                producer.send(batch)
    if form is ContentType.ARROW:
        _send_arrow(orders, families, kafka, topics)
    return int(orders.num_rows)


def _send_arrow(
    orders: pa.Table, families: dict[str, str], kafka: KafkaSettings, topics: Topics
) -> None:
    """Send messages of many families each, as a venue's gateway does: one writer a partition."""
    partitions = 4
    client = Producer({"bootstrap.servers": kafka.bootstrap, "message.max.bytes": 16_000_000})
    for batch in orders.to_batches(max_chunksize=partitions * _ROWS_OF_A_MESSAGE):
        names = keys(batch, "orders", families)
        partition = np.array([zlib.crc32(name.encode()) % partitions for name in names])
        for number in range(partitions):
            rows = np.flatnonzero(partition == number)
            if rows.size:
                value = encode_arrow(batch.take(pa.array(rows)))
                headers = list(headers_of(ContentType.ARROW))
                client.produce(topics.orders, value, headers=headers, partition=number)
        client.poll(0)
    client.flush()
