"""A dataset replayed into the topics: reference tables first, then the orders in event order."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.codec import ContentType
from streams.files import Dataset
from streams.kafka.admin import TopicPlan, create_topics, plan_copier_topics, plan_topics
from streams.kafka.producer import EventProducer
from streams.kafka.settings import KafkaSettings
from streams.topics import Topics
from surveillance.clock import monotonic_ns
from surveillance.jobs.pacing import paced

_ROWS_PER_SEND = 5_000  # how far apart partitions may be
_REFERENCE_TABLES = ("instruments", "accounts", "declarations", "sessions")


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """How a dataset goes into the topics.

    Attributes
    ----------
    topics : Topics
        Their names.
    content_type : ContentType
        How orders are written.
    speed : float or None
        Event seconds a second; None is as fast as the brokers take them.
    with_firm_topics : bool
        Orders of a firm go to a topic of its own.
    n_partitions : int
        Of the topics that are made.
    """

    topics: Topics = field(default_factory=Topics)
    content_type: ContentType = ContentType.JSON
    speed: float | None = None
    with_firm_topics: bool = False
    n_partitions: int = 4


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was sent: events by topic, the span of event time, and how long it took."""

    events: dict[str, int]
    first_time_ns: int
    last_time_ns: int
    seconds: float

    def to_json(self) -> dict[str, object]:
        """Return it as one JSON object."""
        return {
            "events": self.events,
            "first_time_ns": self.first_time_ns,
            "last_time_ns": self.last_time_ns,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class _Overview:
    """What a first look at the orders tells: all that must be known before anything is sent."""

    n_rows: int
    first_time_ns: int
    last_time_ns: int
    is_in_order: bool
    firms: tuple[str, ...]


def replay(
    path: Path,
    settings: KafkaSettings,
    plan: ReplayPlan,
    *,
    latest_time_ns: int,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Replayed:
    """Send a dataset to the topics, which are made where they are missing.

    Parameters
    ----------
    path : Path
        Directory of the dataset. Orders that are not in event order are sorted in memory.
    settings : KafkaSettings
        The cluster.
    plan : ReplayPlan
        How.
    latest_time_ns : int
        Latest event time accepted, UTC nanoseconds.
    on_progress : callable, optional
        Called with what is done, orders sent and orders in all.

    Returns
    -------
    Replayed
        Everything of it is on the brokers.

    Raises
    ------
    StreamError
        If the dataset is refused (orders are checked before anything is sent), or the cluster
        does not take it.
    """
    start_ns = monotonic_ns()
    report = on_progress or (lambda what, done, total: None)
    dataset = Dataset.open(path)
    report("Checking", 0, 0)
    overview = _look(dataset, plan, latest_time_ns)
    tables = {
        name: dataset.table(name, latest_time_ns=latest_time_ns) for name in _REFERENCE_TABLES
    }
    create_topics(settings, _topics_of(plan, overview.firms))
    sent: Counter[str] = Counter()
    with EventProducer(
        settings,
        plan.topics,
        content_type=plan.content_type,
        families=_families(tables["instruments"]),
    ) as producer:
        for name, table in tables.items():
            for batch in table.to_batches():
                producer.send(batch, name)
            sent[plan.topics.of(name)] += table.num_rows
        producer.flush()  # whoever reads the first order can know its account
        n_sent = 0
        for piece in paced(_orders(dataset, overview, latest_time_ns), plan.speed):
            for firm_id, rows in _by_topic(piece, plan):
                producer.send(rows, firm_id=firm_id)
                topic = plan.topics.orders if firm_id is None else plan.topics.orders_of(firm_id)
                sent[topic] += rows.num_rows
            n_sent += piece.num_rows
            report("Sending", n_sent, overview.n_rows)
    seconds = (monotonic_ns() - start_ns) / 1e9
    return Replayed(
        {topic: n_events for topic, n_events in sent.items() if n_events},
        overview.first_time_ns,
        overview.last_time_ns,
        seconds,
    )


def _look(dataset: Dataset, plan: ReplayPlan, latest_time_ns: int) -> _Overview:
    """Read the orders once: all are checked, and what must be known beforehand is collected."""
    n_rows = 0
    bounds: list[int] = []
    is_in_order = True
    firms: set[str] = set()
    for batch in dataset.order_batches(latest_time_ns=latest_time_ns):
        times_ns = batch.column("event_time_ns").to_numpy()
        n_rows += batch.num_rows
        is_in_order &= bool((np.diff(times_ns, prepend=bounds[-1:]) >= 0).all())
        bounds += [int(times_ns.min()), int(times_ns.max()), int(times_ns[-1])]
        if plan.with_firm_topics:
            firms |= set(pc.unique(batch.column("firm_id")).to_pylist()) - {None}
    return _Overview(n_rows, min(bounds), max(bounds), is_in_order, tuple(sorted(firms)))


def _orders(dataset: Dataset, overview: _Overview, latest_time_ns: int) -> Iterator[pa.RecordBatch]:
    batches = dataset.order_batches(latest_time_ns=latest_time_ns, batch_rows=_ROWS_PER_SEND)
    if overview.is_in_order:
        return batches
    order = [("event_time_ns", "ascending"), ("sequence", "ascending"), ("event_id", "ascending")]
    return iter(
        pa.Table.from_batches(batches).sort_by(order).to_batches(max_chunksize=_ROWS_PER_SEND)
    )


def _topics_of(plan: ReplayPlan, firms: tuple[str, ...]) -> list[TopicPlan]:
    own = [TopicPlan(plan.topics.orders_of(firm_id), plan.n_partitions) for firm_id in firms]
    ours = plan_copier_topics(plan.topics, plan.n_partitions)
    return [*plan_topics(plan.topics, plan.n_partitions), *ours, *own]


def _families(instruments: pa.Table) -> dict[str, str]:
    names = instruments["instrument_id"].to_pylist()
    families = instruments["family"].to_pylist()
    return {
        name: family for name, family in zip(names, families, strict=True) if family is not None
    }


def _by_topic(
    batch: pa.RecordBatch, plan: ReplayPlan
) -> Iterator[tuple[str | None, pa.RecordBatch]]:
    """Yield the rows of each topic of orders, by firm where each has its own."""
    if not plan.with_firm_topics:
        yield None, batch
        return
    firms = batch.column("firm_id")
    for firm_id in pc.unique(firms).to_pylist():
        mask = pc.is_null(firms) if firm_id is None else pc.equal(firms, firm_id)
        yield firm_id, batch.filter(mask)
