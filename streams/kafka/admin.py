"""Makes topics with the settings that keep event time and truth, and checks those that exist."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError as ClientError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from streams.kafka.connection import CONNECT_SECONDS, Connection
from streams.kafka.errors import KafkaError
from streams.kafka.settings import KafkaSettings
from streams.topics import COMPACTED_TABLES, Topics

DEFAULT_REPLICATION = -1
"""The cluster's own default."""

MAX_MESSAGE_BYTES = 9 * 1024 * 1024
"""Of every topic: the codec's limit of 8 MiB and what surrounds it."""


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """What a topic must be."""

    name: str
    n_partitions: int
    is_compacted: bool = False

    @property
    def cleanup_policy(self) -> str:
        """Kafka's name for what may be removed."""
        return "compact" if self.is_compacted else "delete"

    def settings(self) -> dict[str, str]:
        """Return the settings that the topic is made with.

        Replayed days are old when they come: nothing is removed by age, and the broker stamps its
        own time, since it refuses stamps of events far from now. Event time is in the payload.
        """
        return {
            "cleanup.policy": self.cleanup_policy,
            "retention.ms": "-1",
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(MAX_MESSAGE_BYTES),
        }


def plan_topics(topics: Topics, n_partitions: int = 4) -> tuple[TopicPlan, ...]:
    """Return what the shared topics of the contract must be.

    Parameters
    ----------
    topics : Topics
        Their names.
    n_partitions : int
        Of the topics of orders and sessions; the others have one.
    """
    return (
        TopicPlan(topics.orders, n_partitions),
        TopicPlan(topics.of("sessions"), n_partitions),
        *(TopicPlan(topics.of(table), 1, is_compacted=True) for table in COMPACTED_TABLES),
        TopicPlan(topics.groups, 1, is_compacted=True),
        TopicPlan(topics.flags, 1),
        TopicPlan(topics.dead_letters, 1),
    )


def plan_copier_topics(topics: Topics, n_partitions: int = 4) -> tuple[TopicPlan, ...]:
    """Return what the topics that copiers write and alone read must be.

    Parameters
    ----------
    topics : Topics
        Their names.
    n_partitions : int
        Of each; both are keyed by account.
    """
    return (
        TopicPlan(topics.copier_orders, n_partitions),
        TopicPlan(topics.account_updates, n_partitions),
    )


def create_topics(
    settings: KafkaSettings,
    plans: Sequence[TopicPlan],
    replication: int = DEFAULT_REPLICATION,
) -> frozenset[str]:
    """Make the topics that do not exist yet; return the names of those that were made.

    Raises
    ------
    KafkaError
        If the cluster cannot be reached or refuses one.
    """
    connection = Connection(settings)
    client = AdminClient(connection.configuration())
    existing = connection.metadata(client).topics
    missing = [plan for plan in plans if plan.name not in existing]
    if not missing:
        return frozenset()
    new = [
        NewTopic(plan.name, plan.n_partitions, replication, config=plan.settings())
        for plan in missing
    ]
    made = set()
    for name, future in client.create_topics(new, operation_timeout=CONNECT_SECONDS).items():
        try:
            future.result()
            made.add(name)
        except KafkaException as error:
            if error.args[0].code() != ClientError.TOPIC_ALREADY_EXISTS:
                raise connection.error(f"topic {name}", error.args[0]) from None
    return frozenset(made)


def check_topics(settings: KafkaSettings, plans: Sequence[TopicPlan]) -> None:
    """Refuse topics that are missing, have other partitions than planned or lose what must stay.

    Raises
    ------
    KafkaError
        Naming every topic that is wrong, and how.
    """
    connection = Connection(settings)
    client = AdminClient(connection.configuration())
    topics = connection.metadata(client).topics
    partitions = {name: len(topic.partitions) for name, topic in topics.items()}
    present = [plan for plan in plans if plan.name in partitions]
    policies = _cleanup_policies(client, connection, [plan.name for plan in present])
    problems = [
        *(f"{plan.name} does not exist" for plan in plans if plan.name not in partitions),
        *_partition_problems(present, partitions),
        *(
            f"{plan.name} must have cleanup.policy {plan.cleanup_policy}, has {policies[plan.name]}"
            for plan in present
            if policies[plan.name] != plan.cleanup_policy
        ),
    ]
    if problems:
        raise KafkaError("topics", "; ".join(problems))


def _partition_problems(plans: Iterable[TopicPlan], partitions: Mapping[str, int]) -> list[str]:
    return [
        f"{plan.name} must have {plan.n_partitions} partitions, has {partitions[plan.name]}"
        for plan in plans
        if partitions[plan.name] != plan.n_partitions
    ]


def _cleanup_policies(
    client: AdminClient, connection: Connection, names: Sequence[str]
) -> dict[str, str]:
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    policies = {}
    for resource, future in client.describe_configs(resources).items():
        try:
            entries: Mapping[str, ConfigEntry] = future.result(CONNECT_SECONDS)
        except KafkaException as error:
            raise connection.error(f"topic {resource.name}", error.args[0]) from None
        policies[resource.name] = str(entries["cleanup.policy"].value)
    return policies
