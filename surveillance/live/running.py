"""A stream on Kafka: consumers, worker and publisher put together, and their loop."""

import gc
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from streams.eventtime import Partition
from streams.kafka.admin import check_topics, plan_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.sender import TransactionalSender, read_back
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics
from surveillance.findings import Group
from surveillance.live.publisher import Publisher
from surveillance.live.reference_tables import REFERENCE_TABLES
from surveillance.live.settings import LiveSettings
from surveillance.live.telemetry import Telemetry
from surveillance.live.worker import Known, Worker
from surveillance.store import Store
from surveillance.store.records import GroupFilter

_WAIT_S = 0.1
_REFRESH_STEPS = 200  # how often topics of new firms are looked for
_GROUPS_A_PAGE = 500


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the worker did."""

    messages: int
    groups: int
    published: int


def run_stream(
    store: Store,
    kafka: KafkaSettings,
    known: Known,
    settings: LiveSettings,
    *,
    registry: CollectorRegistry,
    until_end: bool,
    is_stopping: Callable[[], bool],
    on_step: Callable[[Worker], None] = lambda worker: None,
) -> Ran:
    """Work a stream until it is stopped, or, with `until_end`, to the end of its topics.

    Parameters
    ----------
    store : Store
        Where the stream is kept.
    kafka : KafkaSettings
        The cluster.
    known : Known
        Thresholds, classifier and names of topics.
    settings : LiveSettings
        Choices about the stream.
    registry : CollectorRegistry
        Where the worker's metrics go.
    until_end : bool
        End when every topic is read to its end, and judge everything as closed time.
    is_stopping : callable
        Asked after each step.
    on_step : callable
        Told after each step.

    Raises
    ------
    StreamError, SurveillanceError
        If the cluster, a topic or the store refuse; what was committed stays. Topics that are
        missing or not as planned are refused before the stream is taken over.
    """
    live = store.live(settings.stream)
    topics = known.topics
    check_topics(kafka, plan_topics(topics, settings.partitions))
    epoch = live.open_session()  # first: an earlier worker commits nothing from here on
    positions = live.load().positions
    orders_topics = [topics.orders, "^" + re.escape(topics.orders) + r"\..+"]
    group_id = f"{topics.prefix}surveillance-{settings.stream}"
    with (
        PartitionConsumer(
            kafka, orders_topics, _of(positions, topics, "orders"), group_id=group_id
        ) as orders,
        PartitionConsumer(
            kafka,
            [topics.of(table) for table in REFERENCE_TABLES],
            _of(positions, topics, *REFERENCE_TABLES),
            group_id=group_id,
        ) as reference,
    ):
        telemetry = Telemetry(settings.stream, registry)
        worker = Worker(live, epoch, orders, reference, known, settings, telemetry)
        has_run = store.reader.latest_run(settings.stream) is not None
        worker.start(_standing(store, settings.stream), has_run=has_run, is_stopping=is_stopping)
        gc.collect()
        gc.freeze()  # what a start makes stays: looking through it again would delay flags
        sender = TransactionalSender(kafka, group_id)
        publisher = Publisher(live, sender, lambda topic, at: read_back(kafka, topic, at))
        publisher.recover()
        n_messages = n_published = n_steps = 0
        error: str | None = None
        while not is_stopping():
            n_new = worker.step(_WAIT_S)
            n_messages += n_new
            n_published += publisher.publish()
            on_step(worker)
            n_steps += 1
            if n_steps % _REFRESH_STEPS == 0:
                orders.refresh()
                orders.commit_for_display(orders.positions())
            error = _note_change(telemetry, error, orders.error_state)
            if until_end and not n_new and orders.at_end() >= orders.assigned:
                worker.finish()
                n_published += publisher.publish()
                break
        telemetry.note(
            "stopped", messages=n_messages, groups=worker.n_groups, published=n_published
        )
    return Ran(n_messages, worker.n_groups, n_published)


def _note_change(telemetry: Telemetry, before: str | None, now: str | None) -> str | None:
    """Log that the cluster fails, or answers again; return what it says now."""
    if now is not None and now != before:
        telemetry.note("cluster_away", level=logging.WARNING, error=now)
    elif now is None and before is not None:
        telemetry.note("cluster_back")
    return now


def _of(positions: Mapping[Partition, int], topics: Topics, *tables: str) -> dict[Partition, int]:
    """Return the positions in topics of some tables, those of replays left out."""
    return {
        (topic, number): offset
        for (topic, number), offset in positions.items()
        if number >= 0 and topics.table(topic) in tables
    }


def _standing(store: Store, stream: str) -> list[Group]:
    """Return the groups of a stream that the store holds."""
    groups: list[Group] = []
    cursor = None
    while True:
        page = store.reader.list_groups(
            GroupFilter(dataset=stream), cursor=cursor, limit=_GROUPS_A_PAGE
        )
        groups += [store.reader.get_group(summary.group_id) for summary in page.groups]
        cursor = page.next_cursor
        if cursor is None:
            return groups
