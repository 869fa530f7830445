"""The cluster that tests run on, and what it can do.

`KAFKA_BOOTSTRAP` names an existing one, of which only topics behind a random prefix are touched
(logging in to it: the environment, as for the program). Without it Apache Kafka is started from
Java and Maven; where these are missing librdkafka's mock cluster stands in, without transactions.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from confluent_kafka.admin import AdminClient
from helpers.mock_kafka import MockCluster, mock_cluster

from deploy.broker import LocalKafka
from deploy.kafka_jars import missing_programs
from streams.kafka.admin import TopicPlan, create_topics
from streams.kafka.settings import KafkaSettings, read_settings

BOOTSTRAP = "KAFKA_BOOTSTRAP"
BROKER_MARKS = ("kafka_transactions", "kafka_local", "kcat")


def missing_for(mark: str) -> str | None:
    """Return why tests with a mark cannot run here, None when they can."""
    if mark == "kcat":
        return None if shutil.which("kcat") else "no kcat (Debian: apt-get install kcat)"
    if mark == "kafka_transactions" and os.environ.get(BOOTSTRAP):
        return None
    if missing := missing_programs():
        return f"no {' and no '.join(missing)} (Debian: apt-get install default-jre-headless maven)"
    return None


@dataclass
class KafkaCluster:
    """A running cluster; topics made through it are unique to the call."""

    settings: KafkaSettings
    prefix: str
    mock: MockCluster | None = None

    @property
    def bootstrap(self) -> str:
        return self.settings.bootstrap

    def new_prefix(self) -> str:
        """Return a prefix that no other test uses, for `Topics`."""
        return f"{self.prefix}{uuid.uuid4().hex[:8]}."

    def topic(
        self, name: str = "orders.v1", n_partitions: int = 1, is_compacted: bool = False
    ) -> str:
        """Make a topic under a new prefix."""
        full_name = self.new_prefix() + name
        self.create(TopicPlan(full_name, n_partitions, is_compacted))
        return full_name

    def create(self, *plans: TopicPlan) -> None:
        """Make topics whose names begin with a prefix of `new_prefix`."""
        assert all(plan.name.startswith(self.prefix) for plan in plans)
        if self.mock:
            self.mock.create(*plans)
        else:
            create_topics(self.settings, plans)

    def remove_topics(self) -> None:
        client = AdminClient(self.settings.client_options())
        names = [
            name for name in client.list_topics(timeout=10).topics if name.startswith(self.prefix)
        ]
        if names:
            for future in client.delete_topics(names).values():
                future.result(30)


@contextmanager
def open_cluster(factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    prefix = f"test-{uuid.uuid4().hex[:8]}."
    if address := os.environ.get(BOOTSTRAP):
        cluster = KafkaCluster(read_settings(address, os.environ), prefix)
        try:
            yield cluster
        finally:
            cluster.remove_topics()
    elif missing_programs():
        with mock_cluster() as mock:
            yield KafkaCluster(KafkaSettings(mock.bootstrap), prefix, mock)
    else:
        with LocalKafka(factory.mktemp("kafka")) as local:
            yield KafkaCluster(KafkaSettings(local.bootstrap), prefix)
