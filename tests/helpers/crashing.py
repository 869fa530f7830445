"""A live stream without a broker: topics in memory, a real store, and failures at chosen points."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from helpers.copied_market import copied_market
from helpers.live_commits import dump
from prometheus_client import CollectorRegistry

from models.params import DetectionParams
from streams.codec import encode_json
from streams.eventtime import Partition
from streams.messages import Message, Record
from streams.tables import TABLES
from streams.topics import Topics
from surveillance.live.publisher import Publisher
from surveillance.live.reference_tables import REFERENCE_TABLES
from surveillance.live.settings import LiveSettings
from surveillance.live.telemetry import Telemetry
from surveillance.live.worker import Known, Worker
from surveillance.store import Store
from surveillance.store.live import LiveCommit, LiveStore

STREAM = "live"
TOPICS = Topics()
SETTINGS = LiveSettings(
    STREAM,
    memory_s=4 * 3_600.0,
    close_every_s=7_200.0,
    n_accounts=30,
    messages_a_step=150,
    snapshot_events=400,
)
N_PARTITIONS = 2
Log = dict[Partition, list[Message]]


class CrashError(Exception):
    """The process is gone."""


@dataclass
class Fuse:
    """Counts the points that a run passes and fails at the chosen ones."""

    at: Collection[int] = ()
    passed: list[str] = field(default_factory=list)

    def pass_by(self, point: str) -> None:
        self.passed.append(point)
        if len(self.passed) - 1 in self.at:
            raise CrashError(f"{point}, point {len(self.passed) - 1}")


class MemoryTopics:
    """What was published; it outlives every worker."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse
        self.messages: dict[str, list[Message]] = {}

    def send(self, records: Sequence[Record]) -> list[tuple[int, int]]:
        self._fuse.pass_by("before sending")
        places = []
        for record in records:
            topic = self.messages.setdefault(record.topic, [])
            topic.append(
                Message(
                    record.topic, 0, 2 * len(topic), record.value, record.key, record.headers
                )  # every other offset: markers of transactions take some
            )
            places.append((0, topic[-1].offset))
        self._fuse.pass_by("after sending")
        return places

    def read_back(self, topic: str, offsets: Mapping[int, int]) -> list[Message]:
        messages = self.messages.get(topic, [])
        return [message for message in messages if message.offset >= offsets.get(0, 0)]


class MemorySource:
    """Some topics from given positions, their partitions in turn."""

    def __init__(self, log: Log, positions: Mapping[Partition, int]) -> None:
        self._log = log
        self._next = {partition: positions.get(partition, 0) for partition in log}
        self._turn = 0

    @property
    def assigned(self) -> frozenset[Partition]:
        return frozenset(self._log)

    def poll(self, max_messages: int, timeout_s: float) -> list[Message]:
        del timeout_s
        partitions = sorted(self._log)
        self._turn += 1
        found: list[Message] = []
        for number in range(len(partitions)):
            partition = partitions[(self._turn + number) % len(partitions)]
            start = self._next[partition]
            n_more = (max_messages - len(found)) // (len(partitions) - number)
            found += self._log[partition][start : start + n_more]
            self._next[partition] = min(start + n_more, len(self._log[partition]))
        return found

    def positions(self) -> dict[Partition, int]:
        return dict(self._next)

    def at_end(self) -> frozenset[Partition]:
        return frozenset(p for p, place in self._next.items() if place == len(self._log[p]))


class CrashingStore(LiveStore):
    """The store, with a point before and after everything that it writes."""

    fuse: Fuse

    def commit(self, commit: LiveCommit) -> None:
        kind = "closing" if commit.run is not None else "step"
        self.fuse.pass_by(f"before the commit of a {kind}")
        super().commit(commit)
        self.fuse.pass_by(f"after the commit of a {kind}")

    def acknowledge(self, numbers: Sequence[int], offsets: Mapping[Partition, int]) -> None:
        self.fuse.pass_by("before acknowledging")
        super().acknowledge(numbers, offsets)
        self.fuse.pass_by("after acknowledging")


def market_log() -> tuple[Log, Log]:
    """Return orders and reference data as messages: duplicates, late and bad ones among them."""
    orders = _two_copied_leaders()
    keys = orders.column("instrument_id").to_pylist()
    values = encode_json(orders.combine_chunks().to_batches()[0])
    log: Log = {(TOPICS.orders, number): [] for number in range(N_PARTITIONS)}
    for place, (key, value) in enumerate(zip(keys, values, strict=True)):
        partition = (TOPICS.orders, int(key in ("ES", "GC")))
        _append(log, partition, value, key)
        if place % 50 == 17:  # a repeat
            _append(log, partition, value, key)
        if place % 90 == 31:  # poison
            _append(log, partition, value[:-1], key)
        if place % 70 == 69:  # late: an order of the past under a new id
            late = {**json.loads(values[place - 60]), "event_id": f"late-{place}"}
            _append(log, partition, json.dumps(late).encode(), key)
    names = sorted(set(orders.column("account_id").to_pylist()))
    accounts = pa.Table.from_pylist(
        [{"account_id": name, "owner_id": f"O{name[-1]}"} for name in names],
        schema=TABLES["accounts"].schema,
    )
    reference: Log = {(TOPICS.of(table), 0): [] for table in REFERENCE_TABLES}
    for name, value in zip(names, encode_json(accounts.to_batches()[0]), strict=True):
        _append(reference, (TOPICS.of("accounts"), 0), value, name)
    return log, reference


def _two_copied_leaders() -> pa.Table:
    first = copied_market(n_copied=150, n_honest=20, n_honest_orders=700)
    second = copied_market("M", ("G1", "G2"), n_copied=150, n_honest=1, n_honest_orders=0, seed=2)
    rows = first.to_pylist() + [
        {**row, "event_id": f"m{row['event_id']}"} for row in second.to_pylist()
    ]
    rows = [{**row, "firm_id": f"F{row['account_id'][-1]}"} for row in rows]
    return pa.Table.from_pylist(
        sorted(rows, key=lambda row: int(row["event_time_ns"])), schema=first.schema
    )


@dataclass
class Session:
    """A worker that took the stream over, and its publisher."""

    worker: Worker
    publisher: Publisher
    orders: MemorySource

    def step(self) -> int:
        """Work one step; return how many messages came."""
        n_messages = self.worker.step(0.0)
        self.publisher.publish()
        return n_messages

    def finish(self) -> None:
        """Work to the end of the topics, as `surveillance run --until-end` does."""
        while self.step() or self.orders.at_end() < self.orders.assigned:
            pass
        self.worker.finish()
        self.publisher.publish()


def take_over(
    store: Store, logs: tuple[Log, Log], topics: MemoryTopics, fuse: Fuse | None = None
) -> Session:
    """Start a worker."""
    live = store.live(STREAM)
    live.__class__ = CrashingStore
    live.fuse = fuse or Fuse()
    epoch = live.open_session()
    positions = live.load().positions
    orders, reference = (MemorySource(log, positions) for log in logs)
    known = Known(DetectionParams(), None, TOPICS)
    telemetry = Telemetry(STREAM, CollectorRegistry())
    worker = Worker(live, epoch, orders, reference, known, SETTINGS, telemetry)
    summaries = store.reader.list_groups(limit=500).groups
    worker.start(
        [store.reader.get_group(summary.group_id) for summary in summaries],
        has_run=store.reader.latest_run(STREAM) is not None,
    )
    publisher = Publisher(live, topics, topics.read_back)
    publisher.recover()
    return Session(worker, publisher, orders)


def work_through_crashes(
    path: Path, logs: tuple[Log, Log], crashes: Iterable[int]
) -> tuple[MemoryTopics, Fuse]:
    """Work the stream to its end, starting anew after each crash."""
    fuse = Fuse(frozenset(crashes))
    topics = MemoryTopics(fuse)
    while True:
        try:
            with Store.open(f"sqlite:///{path}") as store:
                take_over(store, logs, topics, fuse).finish()
        except CrashError:
            continue
        return topics, fuse


def results(path: Path, topics: MemoryTopics) -> dict[str, Any]:
    """Return everything that must not depend on crashes: what is stored and what was published.

    Left out: epochs and offsets, which count the sessions; the journal's cut into segments; the
    times of day in manifests; the order in which dead letters of two partitions came.
    """
    content: dict[str, Any] = dict(dump(path))
    for table in ("live_streams", "live_acknowledged", "live_segments", "live_snapshots", "runs"):
        del content[table]
    for table in ("live_dead_letters", "live_outbox"):
        content[table] = sorted((row[:1] + row[2:] for row in content[table]), key=repr)
    with Store.open(f"sqlite:///{path}") as store:
        summary = store.streams.list_streams().streams[0]
        content["stream"] = (
            summary.outcomes,
            summary.holds,
            summary.n_journal_events,
            summary.n_dead_letters,
            summary.n_outbox_pending,
            summary.positions,
            summary.watermark_ns,
        )
        content["runs"] = [
            replace(run, started_time_ns=0, finished_time_ns=0)
            for run in store.reader.list_runs(limit=500).runs
        ]
    content["published"] = {
        topic: [(m.key, m.value, m.headers) for m in messages]
        for topic, messages in topics.messages.items()
    }
    content["published"][TOPICS.dead_letters].sort()
    return content


def times_published(topics: MemoryTopics, topic: str) -> Counter[str]:
    """Return how often each flag was published."""
    return Counter(json.loads(m.value)["flag_id"] for m in topics.messages[topic] if m.value)


def _append(log: Log, partition: Partition, value: bytes, key: str) -> None:
    messages = log[partition]
    messages.append(Message(*partition, len(messages), value, key.encode()))
