"""Topics are made so that nothing is lost by age, and wrong ones are refused in a sentence."""

import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)
from helpers.kafka_cluster import KafkaCluster
from helpers.kafka_traffic import drain

from streams.kafka.admin import TopicPlan, check_topics, create_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.errors import KafkaError

pytestmark = pytest.mark.kafka_transactions


def test_what_was_made_passes_the_check_and_is_made_once(kafka: KafkaCluster) -> None:
    prefix = kafka.new_prefix()
    plans = [TopicPlan(f"{prefix}orders.v1", 3), TopicPlan(f"{prefix}groups.v1", 1, True)]
    assert create_topics(kafka.settings, plans) == {plan.name for plan in plans}
    assert create_topics(kafka.settings, plans) == frozenset()
    check_topics(kafka.settings, plans)


def test_everything_wrong_is_named_at_once(kafka: KafkaCluster) -> None:
    prefix = kafka.new_prefix()
    orders, flags, groups = (f"{prefix}{name}.v1" for name in ("orders", "flags", "groups"))
    kafka.create(TopicPlan(orders, 3), TopicPlan(groups, 1))
    with pytest.raises(KafkaError) as caught:
        check_topics(
            kafka.settings, [TopicPlan(orders, 4), TopicPlan(flags, 1), TopicPlan(groups, 1, True)]
        )
    assert str(caught.value) == (
        f"topics: {flags} does not exist; {orders} must have 4 partitions, has 3; "
        f"{groups} must have cleanup.policy compact, has delete"
    )


def test_a_name_that_kafka_refuses_is_named(kafka: KafkaCluster) -> None:
    with pytest.raises(KafkaError, match=r"^topic bad name: "):
        create_topics(kafka.settings, [TopicPlan("bad name", 1)])


@pytest.mark.parametrize("age_days", [5000, -2])
def test_events_keep_whatever_time_the_client_stamps(kafka: KafkaCluster, age_days: int) -> None:
    """Kafka refuses stamps of the future and removes old ones; ours are the broker's."""
    topic = kafka.topic()
    failures = []
    producer = Producer(kafka.settings.client_options())
    producer.produce(
        topic,
        b"old",
        timestamp=int((time.time() - age_days * 86_400) * 1000),
        on_delivery=lambda error, _: failures.append(error),
    )
    producer.flush(10)
    assert failures == [None]
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        assert [message.value for message in drain(consumer)] == [b"old"]


def test_a_new_partition_is_found_and_read_from_its_beginning(kafka: KafkaCluster) -> None:
    topic = kafka.topic()
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        drain(consumer)
        admin = AdminClient(kafka.settings.client_options())
        admin.create_partitions([NewPartitions(topic, 2)])[topic].result(10)
        assert consumer.refresh() == {(topic, 1)}
        producer = Producer(kafka.settings.client_options())
        producer.produce(topic, b"new", partition=1)
        producer.flush(10)
        assert [message.partition for message in drain(consumer, n_messages=1)] == [1]


def test_a_topic_made_anew_is_not_taken_for_the_old_one(kafka: KafkaCluster) -> None:
    topic = kafka.topic()
    admin = AdminClient(kafka.settings.client_options())
    producer = Producer(kafka.settings.client_options())
    for number in range(5):
        producer.produce(topic, b"%d" % number)
    producer.flush(10)
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        drain(consumer, n_messages=5)
        positions = consumer.positions()
    admin.delete_topics([topic])[topic].result(30)
    while topic in admin.list_topics(timeout=10).topics:
        pass
    kafka.create(TopicPlan(topic, 1))
    with (
        PartitionConsumer(kafka.settings, [topic], positions) as consumer,
        pytest.raises(KafkaError, match="position 5 is not on the broker"),
    ):
        drain(consumer)


def test_a_topic_without_our_settings_can_still_be_read(kafka: KafkaCluster) -> None:
    name = kafka.new_prefix() + "orders.v1"
    admin = AdminClient(kafka.settings.client_options())
    admin.create_topics([NewTopic(name, 1, -1)])[name].result(10)
    check_topics(kafka.settings, [TopicPlan(name, 1)])
    resource = ConfigResource(ResourceType.TOPIC, kafka.topic())
    [described] = admin.describe_configs([resource]).values()
    assert described.result(10)["retention.ms"].value == "-1"
