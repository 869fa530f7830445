"""A client that no one here wrote: the very lines of docs/kafka.md on the broker."""

import re
import subprocess
from pathlib import Path

import pytest
from helpers.kafka_cluster import KafkaCluster
from helpers.kafka_traffic import drain

from streams.codec import decode
from streams.kafka.admin import TopicPlan
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.sender import TransactionalSender
from streams.messages import Record

pytestmark = [pytest.mark.kafka_transactions, pytest.mark.kcat]
DOCUMENT = Path(__file__).parents[3] / "docs" / "kafka.md"
LATEST_NS = 2_000_000_000_000_000_000


def lines_about(topic: str) -> str:
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    [block] = [block for block in blocks if f"-t {topic}" in block]
    return str(block)


def run(kafka: KafkaCluster, topic: str, prefix: str) -> str:
    script = lines_about(topic).replace("127.0.0.1:9092", kafka.bootstrap)
    script = script.replace(f"-t {topic}", f"-t {prefix}{topic}")
    done = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_orders_from_the_shell_are_orders(kafka: KafkaCluster) -> None:
    prefix = kafka.new_prefix()
    kafka.create(TopicPlan(f"{prefix}orders.v1", 4))
    run(kafka, "orders.v1", prefix)
    with PartitionConsumer(kafka.settings, [f"{prefix}orders.v1"], {}) as consumer:
        messages = drain(consumer, n_messages=2)
    assert [message.key for message in messages] == [b"ES", b"ES"]
    assert len({message.partition for message in messages}) == 1
    decoded = decode(messages, "orders", firm_id=None, latest_time_ns=LATEST_NS)
    assert not decoded.dead
    assert decoded.batch.column("event_id").to_pylist() == ["F1-1", "F1-2"]
    assert decoded.batch.column("account_id").to_pylist() == ["A1", "A2"]


@pytest.mark.parametrize("topic", ["flags.v1", "groups.v1"])
def test_what_we_send_is_read_in_the_shell(kafka: KafkaCluster, topic: str) -> None:
    prefix = kafka.new_prefix()
    name = f"{prefix}{topic}"
    kafka.create(TopicPlan(name, 1, is_compacted=topic == "groups.v1"))
    sender = TransactionalSender(kafka.settings, name)
    sender.send([Record(name, b'{"kind": "raised"}', b"g1")])
    sender.send([Record(name, b'{"kind": "changed"}', b"g2")])
    assert run(kafka, topic, prefix) == 'g1\t{"kind": "raised"}\ng2\t{"kind": "changed"}\n'
