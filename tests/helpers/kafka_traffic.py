"""Messages onto a topic and off it again, in tests."""

import time

from confluent_kafka import KafkaError, Message, Producer
from helpers.kafka_cluster import KafkaCluster

from streams.kafka.consumer import PartitionConsumer
from streams.messages import Message as Received


def fill(kafka: KafkaCluster, topic: str, n_messages: int) -> None:
    """Send the numbers from 0 as text, to the partitions in turn."""
    producer = Producer(kafka.settings.client_options())
    n_partitions = len(producer.list_topics(topic, timeout=10).topics[topic].partitions)
    failures: list[KafkaError] = []

    def note(error: KafkaError | None, message: Message) -> None:
        if error:
            failures.append(error)

    for number in range(n_messages):
        producer.produce(topic, b"%d" % number, partition=number % n_partitions, on_delivery=note)
        producer.poll(0)
    assert producer.flush(30) == 0
    assert not failures


def drain(
    consumer: PartitionConsumer, n_messages: int = 0, patience_s: float = 30
) -> list[Received]:
    """Read to the ends as they are now; at least so many messages."""
    messages: list[Received] = []
    deadline = time.monotonic() + patience_s
    ends = consumer.ends(fresh_within_s=patience_s)
    while (
        consumer.at_end() != consumer.assigned
        or len(messages) < n_messages
        or any(consumer.positions()[partition] < end for partition, end in ends.items())
    ):
        messages += consumer.poll(1000, 0.1)
        assert time.monotonic() < deadline, f"{len(messages)} messages, {consumer.error_state}"
    return messages
