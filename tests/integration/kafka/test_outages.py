"""Brokers that lie still, end or lose their leader: nothing acknowledged is lost or doubled."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from helpers.kafka_load import Load, load
from helpers.kafka_traffic import drain
from helpers.mock_kafka import FETCH, mock_cluster

from deploy.broker import LocalKafka
from streams.kafka.admin import TopicPlan, create_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.deadline import Deadline
from streams.kafka.sender import TransactionalSender, read_back
from streams.kafka.settings import KafkaSettings
from streams.messages import Message, Record

TOPIC = "orders.v1"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[LocalKafka]:
    with LocalKafka(tmp_path) as local:
        create_topics(
            KafkaSettings(local.bootstrap), [TopicPlan(TOPIC, 4), TopicPlan("flags.v1", 1)]
        )
        yield local


@pytest.fixture
def three_brokers(tmp_path: Path) -> Iterator[LocalKafka]:
    with LocalKafka(tmp_path, n_brokers=3) as local:
        create_topics(
            KafkaSettings(local.bootstrap), [TopicPlan(TOPIC, 4), TopicPlan("flags.v1", 1)]
        )
        yield local


def assert_nothing_lost(messages: list[Message], seen: Load) -> None:
    read = {(message.partition, message.offset): message.value for message in messages}
    assert len(read) == len(messages), "a message was returned twice"
    assert seen.acknowledged.items() <= read.items()
    assert len(set(read.values())) == len(read), "a message was written twice"


def lies_still(broker: LocalKafka, seconds: float) -> None:
    settings = KafkaSettings(broker.bootstrap)
    with PartitionConsumer(settings, [TOPIC], {}, connect_seconds=60) as consumer:
        with load(settings, TOPIC) as seen:
            seen.wait_for_more()
            messages = consumer.poll(1000, 10)
            broker.pause(1)
            still = Deadline(seconds)
            while not still.is_over:
                messages += consumer.poll(1000, 1)  # what was on its way
            broker.resume(1)
            seen.wait_for_more()
        messages += drain(consumer)
    assert not seen.failures
    assert seen.longest_gap_s > seconds / 2
    assert_nothing_lost(messages, seen)


@pytest.mark.kafka_local
def test_a_broker_that_lies_still_for_8_s_is_waited_for(broker: LocalKafka) -> None:
    lies_still(broker, 8)


@pytest.mark.slow
@pytest.mark.kafka_local
def test_a_broker_that_lies_still_for_60_s_is_waited_for(broker: LocalKafka) -> None:
    lies_still(broker, 65)


@pytest.mark.kafka_local
def test_a_sender_waits_for_a_broker_that_lies_still(broker: LocalKafka) -> None:
    settings = KafkaSettings(broker.bootstrap)
    sender = TransactionalSender(settings, "outbox")
    sender.send([Record("flags.v1", b"before")])
    with PartitionConsumer(settings, ["flags.v1"], {}) as consumer, load(settings, TOPIC) as seen:
        drain(consumer, n_messages=1)
        broker.pause(1)
        assert consumer.poll(10, 8) == []
        broker.resume(1)
        sender.send([Record("flags.v1", b"after")])
        seen.wait_for_more()
    assert [m.value for m in read_back(settings, "flags.v1", {})] == [b"before", b"after"]


@pytest.mark.kafka_local
def test_a_broker_that_was_killed_goes_on_where_it_was(broker: LocalKafka) -> None:
    settings = KafkaSettings(broker.bootstrap)
    with PartitionConsumer(settings, [TOPIC], {}) as consumer:
        with load(settings, TOPIC) as seen:
            seen.wait_for_more()
            messages = consumer.poll(1000, 10)
            broker.kill(1)
            while consumer.error_state is None:
                messages += consumer.poll(1000, 1)
            assert "Disconnected" in consumer.error_state or "refused" in consumer.error_state
            broker.restart(1)
            seen.wait_for_more()
        messages += drain(consumer)
        assert consumer.error_state is None
    assert not seen.failures
    assert_nothing_lost(messages, seen)


def leader(admin: AdminClient) -> int:
    return int(admin.list_topics(timeout=10).topics[TOPIC].partitions[0].leader)


def wait_until_in_sync(admin: AdminClient) -> None:
    while any(
        len(partition.isrs) < 3
        for partition in admin.list_topics(timeout=10).topics[TOPIC].partitions.values()
    ):
        admin.poll(0.1)


@pytest.mark.slow
@pytest.mark.kafka_local
def test_two_killed_leaders_lose_nothing_that_was_acknowledged(
    three_brokers: LocalKafka, record_property: Callable[[str, object], None]
) -> None:
    settings = KafkaSettings(three_brokers.bootstrap)
    admin = AdminClient(settings.client_options(), logger=None)
    sender = TransactionalSender(settings, "outbox")
    with PartitionConsumer(settings, [TOPIC], {}) as consumer:
        messages: list[Message] = []
        with load(settings, TOPIC) as seen:
            for number in range(2):
                seen.wait_for_more()
                sender.send([Record("flags.v1", b"%d before" % number)])
                messages += consumer.poll(100_000, 10)
                killed = leader(admin)
                three_brokers.kill(killed)
                sender.send([Record("flags.v1", b"%d after" % number)])
                seen.wait_for_more(2000)
                three_brokers.restart(killed)
                wait_until_in_sync(admin)
        messages += drain(consumer, patience_s=60)
    record_property("longest_gap_s", round(seen.longest_gap_s, 2))
    print(f"longest time without an acknowledgement: {seen.longest_gap_s:.1f} s")
    assert not seen.failures
    assert seen.longest_gap_s < 30
    assert_nothing_lost(messages, seen)
    assert [m.value for m in read_back(settings, "flags.v1", {})] == [
        b"0 before",
        b"0 after",
        b"1 before",
        b"1 after",
    ]


@pytest.mark.kafka
@pytest.mark.parametrize("code", [-1, 3, 5, 6, 7, 13])  # unknown, no topic, no leader, time-outs
def test_fetches_that_fail_for_a_while_are_tried_again(code: int) -> None:
    with mock_cluster() as mock:
        mock.create(TopicPlan(TOPIC, 1))
        settings = KafkaSettings(mock.bootstrap)
        with load(settings, TOPIC) as seen:
            seen.wait_for_more()
        mock.fail(FETCH, *[code] * 5)
        with PartitionConsumer(settings, [TOPIC], {}) as consumer:
            messages = drain(consumer)
    assert_nothing_lost(messages, seen)


@pytest.mark.kafka
def test_a_slow_network_only_delays() -> None:
    with mock_cluster() as mock:
        mock.create(TopicPlan(TOPIC, 1))
        mock.set_round_trip(1, 300)
        settings = KafkaSettings(mock.bootstrap)
        with load(settings, TOPIC) as seen:
            seen.wait_for_more()
        with PartitionConsumer(settings, [TOPIC], {}) as consumer:
            assert_nothing_lost(drain(consumer), seen)


class BatchClient:
    """A client that returns one batch."""

    def __init__(self, batch: list[object]) -> None:
        self._batch = batch

    def consume(self, n_messages: int, timeout_s: float) -> list[object]:
        batch, self._batch = self._batch, []
        return batch

    def close(self) -> None:
        pass


class Fetched:
    """What a client returns: a message, or without a value the end of its partition."""

    def __init__(self, offset: int, value: bytes | None) -> None:
        self._offset, self._value = offset, value

    def error(self) -> KafkaError | None:
        return None if self._value else KafkaError(KafkaError._PARTITION_EOF)

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes | None:
        return self._value

    def key(self) -> None:
        return None

    def headers(self) -> None:
        return None


@pytest.mark.kafka
def test_a_message_behind_the_end_counts_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    batch: list[object] = [Fetched(5, None), Fetched(5, b"a message")]
    with mock_cluster() as mock:
        mock.create(TopicPlan(TOPIC, 1))
        with PartitionConsumer(KafkaSettings(mock.bootstrap), [TOPIC], {}) as consumer:
            with monkeypatch.context() as patch:
                patch.setattr(consumer, "_client", BatchClient(batch))
                assert [message.offset for message in consumer.poll(10, 0)] == [5]
            assert consumer.positions() == {(TOPIC, 0): 6}


class LostClient:
    """A client that knows no broker any more."""

    def __init__(self) -> None:
        self.is_closed = False

    def consume(self, n_messages: int, timeout_s: float) -> list[object]:
        return []

    def list_topics(self, *, timeout: float) -> None:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    def get_watermark_offsets(self, partition: TopicPartition, **_: object) -> None:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.kafka
def test_a_client_that_lost_its_brokers_is_renewed_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mock_cluster() as mock:
        mock.create(TopicPlan(TOPIC, 4))
        settings = KafkaSettings(mock.bootstrap)
        with load(settings, TOPIC) as seen:
            seen.wait_for_more()
        with PartitionConsumer(settings, [TOPIC], {}) as consumer:
            messages = consumer.poll(10, 10)
            lost = LostClient()
            monkeypatch.setattr(consumer, "_client", lost)
            assert consumer.poll(10, 0) == []
            assert not lost.is_closed  # not at the first silence
            monkeypatch.setattr(consumer, "_heard", Deadline(-1))
            messages += drain(consumer)
            assert lost.is_closed
    assert_nothing_lost(messages, seen)
