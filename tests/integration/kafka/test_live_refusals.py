"""The worker on the broker: topics that are not as planned, and messages that are too large."""

import json
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer
from helpers.kafka_cluster import KafkaCluster
from helpers.live_events import SECOND_NS, START_NS, events
from helpers.live_worker import STREAM, outcomes
from prometheus_client import CollectorRegistry

from models.params import DetectionParams
from streams.codec import encode_json
from streams.kafka.admin import TopicPlan, plan_topics
from streams.kafka.errors import KafkaError
from streams.kafka.sender import read_back
from streams.topics import Topics
from surveillance.live.running import Ran, run_stream
from surveillance.live.settings import LiveSettings
from surveillance.live.worker import Known
from surveillance.store import Store

pytestmark = [pytest.mark.kafka_transactions]


def run(kafka: KafkaCluster, store: Store, topics: Topics) -> Ran:
    return run_stream(
        store,
        kafka.settings,
        Known(DetectionParams(), None, topics),
        LiveSettings(stream=STREAM, n_accounts=100),
        registry=CollectorRegistry(),
        until_end=True,
        is_stopping=lambda: False,
    )


def test_topics_with_other_partitions_are_refused_before_the_stream_is_taken_over(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    topics = Topics(kafka.new_prefix())
    first, *others = plan_topics(topics)
    kafka.create(TopicPlan(first.name, 3), *others[:-1])
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        with pytest.raises(KafkaError) as refusal:
            run(kafka, store, topics)
        assert not store.streams.names()
    assert str(refusal.value) == (
        f"topics: {topics.dead_letters} does not exist; "
        f"{topics.orders} must have 4 partitions, has 3"
    )


def test_a_message_too_large_is_a_dead_letter_and_a_larger_one_stays_with_its_sender(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    topics = Topics(kafka.new_prefix())
    kafka.create(*plan_topics(topics))
    producer = Producer(
        {**kafka.settings.client_options(), "message.max.bytes": 9 << 20, "linger.ms": 0}
    )
    times = (START_NS, START_NS + SECOND_NS)
    good = encode_json(events(*({"event_id": str(t), "event_time_ns": t} for t in times)))
    for value in (good[0], good[0] + b" " * (8 << 20), good[1]):
        producer.produce(topics.orders, value, b"ES")
    assert producer.flush(30) == 0
    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        producer.produce(topics.orders, b" " * (20 << 20), b"ES")
    with Store.open(f"sqlite:///{tmp_path}/s.db") as store:
        assert run(kafka, store, topics).messages == 3
        assert outcomes(store) == {"accepted": 2, "dead": 1}
        assert store.live(STREAM).pending() == ()
    (letter,) = read_back(kafka.settings, topics.dead_letters, {})
    published = json.loads(letter.value or b"")
    assert (published["reason"], published["is_whole"]) == ("too_large", False)
    assert published["value"] is None
