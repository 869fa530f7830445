"""A firm's events reach the topics in every form, in the partition of their key."""

import numpy as np
import pyarrow as pa
import pytest
from helpers.kafka_cluster import KafkaCluster
from helpers.kafka_traffic import drain

from streams.codec import ContentType, Decoded, decode
from streams.kafka.admin import TopicPlan, plan_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.errors import KafkaError
from streams.kafka.producer import EventProducer
from streams.tables import TABLES
from streams.topics import Topics

pytestmark = pytest.mark.kafka
START_NS = 1_767_621_600_000_000_000


@pytest.fixture
def topics(kafka: KafkaCluster) -> Topics:
    names = Topics(kafka.new_prefix())
    kafka.create(*plan_topics(names), TopicPlan(names.orders_of("F1"), 2))
    return names


def orders(n_orders: int = 40) -> pa.RecordBatch:
    rows = [
        {
            "event_id": f"e{number}",
            "event_time_ns": START_NS + number * 1_000_000,
            "account_id": f"A{number % 3}",
            "instrument_id": ("ES", "MES", "NQ", "CL", "GC")[number % 5],
            "side": "buy",
            "quantity": 1.0,
            "firm_id": "F1",
            "sequence": number,
            "order_id": f"o{number}",
        }
        for number in range(n_orders)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=TABLES["orders"].schema)


def received(kafka: KafkaCluster, topic: str, table: str = "orders") -> tuple[Decoded, list[int]]:
    with PartitionConsumer(kafka.settings, [topic], {}) as consumer:
        messages = drain(consumer)
    decoded = decode(messages, table, firm_id=None, latest_time_ns=2 * START_NS)
    assert not decoded.dead
    return decoded, [messages[index].partition for index in decoded.message]


@pytest.mark.parametrize("content_type", list(ContentType))
def test_orders_arrive_by_family_in_every_form(
    kafka: KafkaCluster, topics: Topics, content_type: ContentType
) -> None:
    sent = orders()
    families = {"MES": "ES"}
    with EventProducer(
        kafka.settings, topics, content_type=content_type, families=families
    ) as producer:
        producer.send(sent)
    decoded, partitions = received(kafka, topics.orders)
    got = decoded.batch
    assert sorted(got.column("account_id").to_pylist()) == sorted(
        sent.column("account_id").to_pylist()
    )
    assert sorted(got.column("event_time_ns").to_pylist()) == (
        sent.column("event_time_ns").to_pylist()
    )
    family = [families.get(name, name) for name in got.column("instrument_id").to_pylist()]
    places = set(zip(family, partitions, strict=True))
    assert len(places) == len(set(family)), "a family is in two partitions"


def test_orders_of_a_firm_go_to_its_own_topic(kafka: KafkaCluster, topics: Topics) -> None:
    with EventProducer(kafka.settings, topics, firm_id="F1") as producer:
        producer.send(orders(7))
    decoded, _ = received(kafka, topics.orders_of("F1"))
    assert decoded.batch.num_rows == 7


def test_reference_data_is_keyed_by_its_id(kafka: KafkaCluster, topics: Topics) -> None:
    accounts = pa.RecordBatch.from_pylist(
        [{"account_id": "A1", "owner_id": "P1"}, {"account_id": "A2", "owner_id": "P1"}],
        schema=TABLES["accounts"].schema,
    )
    with EventProducer(kafka.settings, topics, content_type=ContentType.ARROW) as producer:
        producer.send(accounts, "accounts")
    with PartitionConsumer(kafka.settings, [topics.of("accounts")], {}) as consumer:
        messages = drain(consumer)
    assert [message.key for message in messages] == [b"A1", b"A2"]
    decoded = decode(messages, "accounts", firm_id=None, latest_time_ns=2 * START_NS)
    assert decoded.batch.column("owner_id").to_pylist() == ["P1", "P1"]


@pytest.mark.kafka_transactions
def test_what_could_not_be_delivered_is_raised(kafka: KafkaCluster, topics: Topics) -> None:
    with EventProducer(kafka.settings, Topics(kafka.new_prefix())) as producer:
        producer.send(orders(3))
        with pytest.raises(KafkaError, match="delivery: 3 messages could not be sent, the first: "):
            producer.flush()


def test_a_batch_larger_than_a_message_is_cut(kafka: KafkaCluster, topics: Topics) -> None:
    many = pa.concat_batches([orders(5_000)] * 12)
    with EventProducer(kafka.settings, topics, content_type=ContentType.ARROW) as producer:
        producer.send(many)
    decoded, _ = received(kafka, topics.orders)
    assert decoded.batch.num_rows == many.num_rows
    assert np.bincount(decoded.message).max() == 10_000
