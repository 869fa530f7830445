"""Reading and writing on a broker: what was sent comes back, from wherever one asks for it."""

import pytest
from confluent_kafka import Producer
from helpers.kafka_cluster import KafkaCluster
from helpers.kafka_traffic import drain, fill

from streams.kafka.admin import TopicPlan
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.errors import KafkaError
from streams.kafka.settings import KafkaSettings
from streams.messages import Message

pytestmark = pytest.mark.kafka


def test_a_message_comes_back_as_it_was_sent(kafka: KafkaCluster) -> None:
    topic = kafka.topic()
    producer = Producer(kafka.settings.client_options())
    producer.produce(
        topic, b"\x00value\xff", b"key", headers=[("content-type", b"a/b"), ("x", b"")]
    )
    producer.produce(topic, None, None)
    producer.flush(10)
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        messages = drain(consumer)
    assert messages == [
        Message(topic, 0, 0, b"\x00value\xff", b"key", (("content-type", b"a/b"), ("x", b""))),
        Message(topic, 0, 1, None, None, ()),
    ]


def test_every_partition_is_read_to_its_end_and_the_positions_say_so(kafka: KafkaCluster) -> None:
    topic = kafka.topic(n_partitions=3)
    fill(kafka, topic, 300)
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        assert consumer.at_end() == frozenset()
        messages = drain(consumer)
        assert consumer.assigned == {(topic, 0), (topic, 1), (topic, 2)}
        assert consumer.at_end() == consumer.assigned
        assert consumer.positions() == consumer.ends() == {(topic, n): 100 for n in range(3)}
    assert sorted(message.value for message in messages) == sorted(b"%d" % n for n in range(300))


def test_reading_starts_at_the_given_positions(kafka: KafkaCluster) -> None:
    topic = kafka.topic(n_partitions=2)
    fill(kafka, topic, 100)
    with PartitionConsumer(kafka.settings, [topic], {(topic, 1): 48}) as consumer:
        messages = drain(consumer)
    assert [m.offset for m in messages if m.partition == 0] == list(range(50))
    assert [m.offset for m in messages if m.partition == 1] == [48, 49]


def test_any_cut_into_two_runs_reads_each_message_once(kafka: KafkaCluster) -> None:
    topic = kafka.topic(n_partitions=2)
    fill(kafka, topic, 200)
    with PartitionConsumer(kafka.settings, [topic], {}) as first:
        messages = first.poll(70, 10)
        positions = first.positions()
    with PartitionConsumer(kafka.settings, [topic], positions) as second:
        messages += drain(second)
    assert sorted(int(message.value or b"") for message in messages) == list(range(200))


def test_the_end_is_left_when_more_comes_and_reached_again(kafka: KafkaCluster) -> None:
    topic = kafka.topic()
    fill(kafka, topic, 3)
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        drain(consumer)
        fill(kafka, topic, 5)
        assert len(drain(consumer, n_messages=5)) == 5
        assert consumer.positions() == {(topic, 0): 8}


def test_a_poll_returns_no_more_than_asked(kafka: KafkaCluster) -> None:
    topic = kafka.topic()
    fill(kafka, topic, 10)
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        sizes = []
        while consumer.at_end() != consumer.assigned:
            sizes.append(len(consumer.poll(4, 5)))
    assert max(sizes) <= 4
    assert sum(sizes) == 10


def test_pause_returns_nothing_and_resume_loses_and_doubles_nothing(kafka: KafkaCluster) -> None:
    topic = kafka.topic(n_partitions=2)
    fill(kafka, topic, 2000)
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        messages = consumer.poll(300, 10)
        consumer.pause()
        assert consumer.poll(1000, 0.3) == []
        consumer.resume()
        messages += drain(consumer)
    assert sorted(int(message.value or b"") for message in messages) == list(range(2000))


def test_topics_that_appear_later_are_found_by_their_pattern(kafka: KafkaCluster) -> None:
    prefix = kafka.new_prefix()
    first = f"{prefix}orders.v1"
    pattern = f"^{prefix}orders[.]v1([.].+)?"
    kafka.create(TopicPlan(first, 1))
    with PartitionConsumer(kafka.settings, [pattern], {}) as consumer:
        fill(kafka, first, 2)
        assert len(drain(consumer, n_messages=2)) == 2
        assert consumer.refresh() == frozenset()
        second = f"{first}.F1"
        kafka.create(TopicPlan(second, 1))
        fill(kafka, second, 3)
        assert consumer.refresh() == {(second, 0)}
        assert {m.topic for m in drain(consumer, n_messages=3)} == {second}
        assert consumer.positions() == {(first, 0): 2, (second, 0): 3}


def test_looking_for_new_topics_takes_no_message_away(kafka: KafkaCluster) -> None:
    topic = kafka.topic(n_partitions=2)
    fill(kafka, topic, 2000)
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        messages = consumer.poll(10, 10)
        while len(messages) < 2000:
            consumer.refresh()
            consumer.ends(fresh_within_s=10)
            fetched = consumer.poll(100, 10)
            assert fetched
            messages += fetched
    assert sorted(int(message.value or b"") for message in messages) == list(range(2000))


def test_a_pattern_may_match_nothing_yet(kafka: KafkaCluster) -> None:
    with PartitionConsumer(kafka.settings, [f"^{kafka.new_prefix()}.*"], {}) as consumer:
        assert consumer.assigned == frozenset()
        assert consumer.poll(10, 0.01) == []


def test_a_missing_topic_is_refused_by_name(kafka: KafkaCluster) -> None:
    name = f"{kafka.new_prefix()}orders.v1"
    with pytest.raises(KafkaError, match=f"^topic {name}: does not exist on the broker$"):
        PartitionConsumer(kafka.settings, [name], {})


def test_a_position_of_a_partition_that_is_not_there_is_refused(kafka: KafkaCluster) -> None:
    topic = kafka.topic(n_partitions=2)
    with pytest.raises(KafkaError, match="partition 5 was read before, but the topic has 2"):
        PartitionConsumer(kafka.settings, [topic], {(topic, 5): 7})


def test_a_position_that_is_not_on_the_broker_is_an_error_not_a_jump(kafka: KafkaCluster) -> None:
    topic = kafka.topic()
    fill(kafka, topic, 3)
    with (
        PartitionConsumer(kafka.settings, [topic], {(topic, 0): 1000}) as consumer,
        pytest.raises(KafkaError, match="position 1000 is not on the broker"),
    ):
        drain(consumer)


def test_a_cluster_that_is_not_there_is_named() -> None:
    settings = KafkaSettings("127.0.0.1:9")
    with pytest.raises(KafkaError, match=r"^broker 127.0.0.1:9: .*Connection refused"):
        PartitionConsumer(settings, ["orders.v1"], {}, connect_seconds=1)
