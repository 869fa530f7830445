"""A copier on Kafka: check, consumers, worker and publisher put together, and their loop."""

import gc
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from streams.copier import Plan
from streams.eventtime import Partition
from streams.kafka.admin import TopicPlan, check_topics, plan_copier_topics, plan_topics
from streams.kafka.consumer import PartitionConsumer
from streams.kafka.errors import FencedError
from streams.kafka.sender import TransactionalSender, read_back
from streams.kafka.settings import KafkaSettings
from streams.topics import COMPACTED_TABLES, Topics
from surveillance.clock import now_ns
from surveillance.errors import CopierError, PlanRefusedError
from surveillance.jobs.copying.records import CopyRecords
from surveillance.live.publisher import Publisher
from surveillance.live.settings import nanoseconds
from surveillance.livecopy.permission import allow
from surveillance.livecopy.reference import FixedReference, Reference, TopicReference
from surveillance.livecopy.settings import CopySettings
from surveillance.livecopy.worker import CopyWorker
from surveillance.store.copying import TAKEN_OVER, CopyStore

_WAIT_S = 0.05
_REFRESH_STEPS = 200  # how often topics of new firms are looked for


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the copier did."""

    messages: int
    published: int


def run_copier(
    store: CopyStore,
    kafka: KafkaSettings,
    plan: Plan,
    topics: Topics,
    settings: CopySettings,
    *,
    records: CopyRecords | None,
    is_stopping: Callable[[], bool],
) -> Ran:
    """Check a plan and run it until it is stopped.

    Parameters
    ----------
    store : CopyStore
        Where the copier is kept.
    kafka : KafkaSettings
        The cluster.
    plan : Plan
        What is to run.
    topics : Topics
        Names of topics.
    settings : CopySettings
        Choices.
    records : CopyRecords or None
        Owners, declarations and instruments; None reads the topics of reference data, and goes on
        reading them.
    is_stopping : callable
        Asked after each step.

    Raises
    ------
    PlanRefusedError
        With everything that speaks against the plan; it is recorded too.
    StreamError, SurveillanceError
        If the cluster, a topic or the store refuse; what was committed stays.
    """
    check_topics(kafka, _needed(topics, settings.partitions, has_records=records is not None))
    with ExitStack() as opened:
        reference = _reference(opened, kafka, plan, topics, settings, records, is_stopping)
        allow(store, plan, reference.refresh(), time_ns=now_ns())
        epoch = store.open_session(plan.plan_id)  # an earlier one commits nothing from here on
        try:  # again: two plans may start at one time
            allow(store, plan, reference.refresh(), time_ns=now_ns())
        except PlanRefusedError:
            store.close_session(plan.plan_id, epoch)
            raise
        read = [topics.orders, "^" + re.escape(topics.orders) + r"\..+", topics.account_updates]
        positions = _of(store.load(plan.plan_id).live.positions, topics)
        group_id = _group_id(topics, plan)
        source = opened.enter_context(PartitionConsumer(kafka, read, positions, group_id=group_id))
        worker = CopyWorker(store, epoch, plan, source, reference, topics, settings)
        try:
            sender = worker.timed(TransactionalSender(kafka, group_id))
            publisher = Publisher(
                store.live(plan.plan_id), sender, lambda topic, at: read_back(kafka, topic, at)
            )
            ran = _work(worker, publisher, source, is_stopping)
        except FencedError as error:  # the other one was at the topic before it was at the store
            raise CopierError(plan.plan_id, TAKEN_OVER) from error
        store.close_session(plan.plan_id, epoch)
    return ran


def _reference(
    opened: ExitStack,
    kafka: KafkaSettings,
    plan: Plan,
    topics: Topics,
    settings: CopySettings,
    records: CopyRecords | None,
    is_stopping: Callable[[], bool],
) -> Reference:
    if records is not None:
        return FixedReference(records)
    names = [topics.of(table) for table in COMPACTED_TABLES]
    consumer = opened.enter_context(
        PartitionConsumer(kafka, names, {}, group_id=_group_id(topics, plan))
    )
    ahead_ns = nanoseconds(settings.clock_ahead_s)
    reference = TopicReference(consumer, topics, plan, lambda: now_ns() + ahead_ns)
    reference.read_to_end(is_stopping)
    return reference


def _work(
    worker: CopyWorker,
    publisher: Publisher,
    source: PartitionConsumer,
    is_stopping: Callable[[], bool],
) -> Ran:
    publisher.recover()
    gc.collect()
    gc.freeze()  # what a start makes stays: looking through it again would delay copies
    n_published = publisher.publish()
    n_messages = n_steps = 0
    while not is_stopping():
        n_messages += worker.step(_WAIT_S)
        n_published += publisher.publish()
        n_steps += 1
        if n_steps % _REFRESH_STEPS == 0:
            source.refresh()
    return Ran(n_messages, n_published)


def _group_id(topics: Topics, plan: Plan) -> str:
    return f"{topics.prefix}surveillance-copy-{plan.plan_id}"


def _needed(topics: Topics, n_partitions: int, *, has_records: bool) -> list[TopicPlan]:
    """Return what the topics that a copier reads and writes must be."""
    names = {topics.orders, topics.dead_letters}
    if not has_records:
        names |= {topics.of(table) for table in COMPACTED_TABLES}
    shared = [plan for plan in plan_topics(topics, n_partitions) if plan.name in names]
    return [*shared, *plan_copier_topics(topics, n_partitions)]


def _of(positions: Mapping[Partition, int], topics: Topics) -> dict[Partition, int]:
    """Return the positions in topics of this prefix."""
    return {
        (topic, number): offset
        for (topic, number), offset in positions.items()
        if topic == topics.account_updates or topics.table(topic) == "orders"
    }
