"""Which partitions belong to the topics that are asked for, and whether positions fit them."""

import re
from collections.abc import Iterable, Iterator, Sequence

from confluent_kafka.admin._metadata import ClusterMetadata

from streams.kafka.errors import KafkaError

Partition = tuple[str, int]
"""Topic and number."""


def find_partitions(metadata: ClusterMetadata, topics: Sequence[str]) -> frozenset[Partition]:
    """Return the partitions of topics by name or, behind ``^``, by a pattern of the whole name.

    Raises
    ------
    KafkaError
        If a name does not exist; a pattern may match nothing.
    """
    return frozenset(
        (name, partition)
        for topic in topics
        for name in _names(metadata, topic)
        for partition in metadata.topics[name].partitions
    )


def check_positions(metadata: ClusterMetadata, positions: Iterable[Partition]) -> None:
    """Refuse positions of partitions that their topic does not have; a topic may be gone.

    Raises
    ------
    KafkaError
        Naming topic and partition.
    """
    for topic, partition in positions:
        known = metadata.topics.get(topic)
        if known and partition not in known.partitions:
            raise KafkaError(
                f"topic {topic}",
                f"partition {partition} was read before, but the topic has "
                f"{len(known.partitions)} partitions: it is not the topic that was read",
            )


def _names(metadata: ClusterMetadata, topic: str) -> Iterator[str]:
    if topic.startswith("^"):
        yield from (name for name in metadata.topics if re.fullmatch(topic, name))
    elif topic in metadata.topics:
        yield topic
    else:
        raise KafkaError(f"topic {topic}", "does not exist on the broker")
