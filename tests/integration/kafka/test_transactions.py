"""The sender of the outbox: all or nothing, one at a time, and readable back."""

import pytest
from confluent_kafka import Producer
from helpers.kafka_cluster import KafkaCluster
from helpers.kafka_traffic import drain

from streams.kafka.consumer import PartitionConsumer
from streams.kafka.errors import FencedError, KafkaError
from streams.kafka.sender import TransactionalSender, read_back
from streams.messages import Record

pytestmark = pytest.mark.kafka_transactions


def values(kafka: KafkaCluster, topic: str, from_offset: int = 0) -> list[bytes | None]:
    return [message.value for message in read_back(kafka.settings, topic, {0: from_offset})]


def test_records_of_several_topics_are_sent_together_and_their_places_returned(
    kafka: KafkaCluster,
) -> None:
    groups, flags = kafka.topic("groups.v1", is_compacted=True), kafka.topic("flags.v1")
    sender = TransactionalSender(kafka.settings, groups)
    places = sender.send(
        [
            Record(groups, b"g1", b"1", (("schema", b"v1"),)),
            Record(flags, b"f1", b"1"),
            Record(groups, None, b"2"),
        ]
    )
    assert places == [(0, 0), (0, 0), (0, 1)]
    # The first transaction's marker takes offset 2.
    assert sender.send([Record(groups, b"g3", b"3")]) == [(0, 3)]
    assert values(kafka, groups) == [b"g1", None, b"g3"]
    assert values(kafka, flags) == [b"f1"]


def test_reading_back_starts_at_the_given_offset_and_knows_the_end(kafka: KafkaCluster) -> None:
    topic = kafka.topic("flags.v1")
    sender = TransactionalSender(kafka.settings, topic)
    for number in range(5):
        sender.send([Record(topic, b"%d" % number)])
    assert values(kafka, topic) == [b"0", b"1", b"2", b"3", b"4"]
    assert values(kafka, topic, from_offset=3) == [b"2", b"3", b"4"]
    assert values(kafka, topic, from_offset=10) == []


def test_nothing_of_a_transaction_that_fails_is_seen(kafka: KafkaCluster) -> None:
    topic = kafka.topic("flags.v1")
    sender = TransactionalSender(kafka.settings, topic)
    sender.send([Record(topic, b"before")])
    missing = kafka.new_prefix() + "flags.v1"
    with pytest.raises(KafkaError, match="nknown"):
        sender.send([Record(topic, b"half"), Record(missing, b"half")])
    sender.send([Record(topic, b"after")])
    assert values(kafka, topic) == [b"before", b"after"]


def test_a_record_that_is_too_large_stops_its_transaction_only(kafka: KafkaCluster) -> None:
    topic = kafka.topic("flags.v1")
    sender = TransactionalSender(kafka.settings, topic)
    with pytest.raises(KafkaError, match="size"):
        sender.send([Record(topic, b"small"), Record(topic, b"x" * 20_000_000)])
    sender.send([Record(topic, b"after")])
    assert values(kafka, topic) == [b"after"]


def test_aborted_and_open_transactions_are_invisible_and_the_end_is_still_found(
    kafka: KafkaCluster,
) -> None:
    topic = kafka.topic("flags.v1")
    foreign = Producer({**kafka.settings.client_options(), "transactional.id": topic})
    foreign.init_transactions(30)
    foreign.begin_transaction()
    foreign.produce(topic, b"aborted")
    foreign.flush(10)
    foreign.abort_transaction(30)
    foreign.begin_transaction()
    foreign.produce(topic, b"left open by a process that was killed")
    foreign.flush(10)
    sender = TransactionalSender(kafka.settings, topic)
    sender.send([Record(topic, b"committed")])
    assert values(kafka, topic) == [b"committed"]


def test_a_newer_sender_fences_the_older(kafka: KafkaCluster) -> None:
    topic = kafka.topic("flags.v1")
    older = TransactionalSender(kafka.settings, topic)
    older.send([Record(topic, b"older")])
    newer = TransactionalSender(kafka.settings, topic)
    with pytest.raises(FencedError, match=f"transactional id {topic}: .*fenced"):
        older.send([Record(topic, b"too late")])
    newer.send([Record(topic, b"newer")])
    with pytest.raises(KafkaError):
        older.send([Record(topic, b"far too late")])
    assert values(kafka, topic) == [b"older", b"newer"]


def test_sending_nothing_is_no_transaction(kafka: KafkaCluster) -> None:
    topic = kafka.topic("flags.v1")
    assert TransactionalSender(kafka.settings, topic).send([]) == []
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        assert drain(consumer) == []
        assert consumer.positions() == {(topic, 0): 0}


def test_positions_pass_the_markers_of_transactions(kafka: KafkaCluster) -> None:
    topic = kafka.topic("flags.v1")
    TransactionalSender(kafka.settings, topic).send([Record(topic, b"one")])
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        drain(consumer)
        assert consumer.positions() == consumer.ends() == {(topic, 0): 2}
