"""The worker: reads, accepts, judges, commits, publishes; the same code starts and recovers it.

Everything that it finds is a function of the events in the journal and of their times. A step
commits the events it accepted together with the positions it read them from; what they make is
committed with the event time it was judged up to. After a crash the engine is brought to that time
again, and the next step goes on as the interrupted one would have.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from models.artifact import Artifact
from models.params import DetectionParams
from streams.codec import Limits
from streams.eventtime import EventClock, Partition, ReorderBuffer
from streams.messages import Message
from streams.tables import ORDER_SCHEMA
from streams.topics import Topics
from surveillance.clock import monotonic_ns, now_ns
from surveillance.findings import Group, RunFindings, RunManifest
from surveillance.live.acceptance import Acceptance
from surveillance.live.closing import close, first_manifest, live_run
from surveillance.live.engine import Engine
from surveillance.live.flags import OutputTopics, published
from surveillance.live.intake import Intake, Taken
from surveillance.live.journal import write_segment
from surveillance.live.letters import letter_record
from surveillance.live.raised import Raised, outcome
from surveillance.live.recovery import recover
from surveillance.live.reference_tables import REFERENCE_TABLES, ReferenceTables
from surveillance.live.settings import LiveSettings, nanoseconds
from surveillance.live.source import Source
from surveillance.live.telemetry import Telemetry
from surveillance.pipeline.encode import COLUMNS
from surveillance.store.live import LiveCommit, LiveStore, OutboxRecord, Segment

_JUDGED = pa.schema([ORDER_SCHEMA.field(name) for name in COLUMNS])


@dataclass(frozen=True, slots=True)
class Known:
    """What a worker detects with."""

    params: DetectionParams
    artifact: Artifact | None
    topics: Topics


class Worker:
    """One stream, from messages to the outbox.

    Parameters
    ----------
    store : LiveStore
        Where the stream is kept.
    epoch : int
        Of the session that took it over.
    orders, reference : Source
        Order events and reference data, at the positions that the store holds.
    known : Known
        Thresholds, classifier and names of topics.
    settings : LiveSettings
        Choices.
    telemetry : Telemetry
        Is told times, sizes and events.
    limits : Limits
        Sizes of messages.
    """

    def __init__(
        self,
        store: LiveStore,
        epoch: int,
        orders: Source,
        reference: Source,
        known: Known,
        settings: LiveSettings,
        telemetry: Telemetry,
        limits: Limits | None = None,
    ) -> None:
        self._store, self._orders, self._reference = store, orders, reference
        self._known, self._settings, self._telemetry = known, settings, telemetry
        self._epoch = epoch
        self._clock = EventClock(
            allowed_lateness_ns=nanoseconds(settings.allowed_lateness_s),
            silent_ns=nanoseconds(settings.silent_s),
            memory_ns=nanoseconds(settings.memory_s),
        )
        self._acceptance = Acceptance(self._clock, memory_ns=nanoseconds(settings.memory_s))
        self._tables = ReferenceTables()
        self._intake = Intake(known.topics, self._acceptance, self._tables, limits or Limits())
        self._output = OutputTopics(known.topics.groups, known.topics.flags)
        self._waiting = ReorderBuffer(_JUDGED)
        self._last_news_ns: dict[Partition, int] = {}
        self._replays: dict[Partition, int] = {}
        self._next_replay = 0
        self._close_at_ns: int | None = None
        self._has_run = False
        self._n_since_snapshot = 0

    def start(
        self,
        groups: Iterable[Group],
        *,
        has_run: bool,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Go to where the stream stands: reference data first, then the journal.

        Parameters
        ----------
        groups : iterable of Group
            The groups of the stream that the store holds.
        has_run : bool
            Whether the store holds a run of the stream.
        is_stopping : callable
            Asked while the reference data is waited for; no step may follow then.
        """
        state = self._store.load()
        self._has_run = has_run
        self._next_replay = state.next_replay
        self._tables.load({name: self._store.reference(name) for name in REFERENCE_TABLES})
        self._read_reference(is_stopping)
        self._engine = Engine(
            self._known.params,
            live_run(self._settings.stream, self._known.params),
            self._known.artifact.classifier if self._known.artifact else None,
            self._tables.data(),
            n_accounts=self._settings.n_accounts,
            memory_ns=nanoseconds(self._settings.memory_s),
        )
        progress = json.loads(state.progress)
        if progress:
            self._clock.restore(progress["clock"])
            self._close_at_ns = progress["close_at_ns"]
            self._n_since_snapshot = recover(
                self._store,
                state.snapshot,
                self._engine,
                self._acceptance,
                self._waiting,
                judged_ns=progress["judged_ns"],
            )
        self._engine.adopt(groups)
        self._telemetry.note(
            "started", epoch=self._epoch, judged_again=self._n_since_snapshot, groups=self.n_groups
        )

    def step(self, timeout_s: float) -> int:
        """Read once, judge what is due, commit; return how many messages came."""
        with self._telemetry.stage("read"):
            messages = self._read(timeout_s)
        with self._telemetry.stage("accept"):
            latest_ns = now_ns() + nanoseconds(self._settings.clock_ahead_s)
            taken = self._intake.take(messages, latest_time_ns=latest_ns)
            for batch in taken.on_time:
                self._waiting.add(batch.select(COLUMNS))
            if taken.reference:
                self._engine.use_reference(self._tables.data())
            watermark_ns = self._advance()
        if not messages and not self._is_due(watermark_ns):
            return 0
        self._judge_and_commit(watermark_ns, taken)
        return len(messages)

    def finish(self) -> None:
        """Release and judge everything that came, as closed time: the stream has ended."""
        everyone = self._orders.assigned | self._clock.partitions()
        end_ns = self._clock.advance(idle=everyone, unread=())
        self._judge_and_commit(end_ns, Taken())
        if self._close_at_ns is not None:
            self._close(end_ns)

    @property
    def lag_ns(self) -> int:
        """Event time between the newest event and what is judged."""
        return max(0, self._clock.newest_ns - self._clock.watermark_ns)

    @property
    def n_groups(self) -> int:
        """Groups that stand."""
        return len(self._engine.groups)

    @property
    def n_waiting(self) -> int:
        """Events that wait for the watermark."""
        return len(self._waiting)

    def _read(self, timeout_s: float) -> list[Message]:
        settings = self._settings
        messages = self._reference.poll(settings.messages_a_step, 0.0)
        replays = self._store.replays(self._next_replay)
        for message in replays:
            self._next_replay = message.offset + 1
            self._replays[message.topic, message.partition] = self._next_replay
        wait_s = 0.0 if messages or replays else timeout_s
        orders = self._orders.poll(settings.messages_a_step, wait_s)
        now = monotonic_ns()
        for message in orders:
            self._last_news_ns[message.topic, message.partition] = now
        return [*messages, *replays, *orders]

    def _advance(self) -> int:
        ended = self._orders.at_end()
        now, idle_ns = monotonic_ns(), nanoseconds(self._settings.idle_s)
        idle = {p for p in ended if now - self._last_news_ns.setdefault(p, now) >= idle_ns}
        idle |= self._clock.partitions() - self._orders.assigned  # replays hold nobody up
        return self._clock.advance(idle=idle, unread=self._orders.assigned - ended)

    def _is_due(self, watermark_ns: int) -> bool:
        first_ns = self._waiting.first_ns
        is_released = first_ns is not None and first_ns < watermark_ns
        is_closed = self._close_at_ns is not None and self._close_at_ns <= watermark_ns
        return is_released or is_closed

    def _judge_and_commit(self, watermark_ns: int, taken: Taken) -> None:
        """Judge what is released, closing at every boundary on the way, and commit all of it."""
        released = self._waiting.release(watermark_ns)
        segment = write_segment(taken.on_time, taken.late)
        while (boundary_ns := self._next_boundary(released, watermark_ns)) is not None:
            before = pc.less(released.column("event_time_ns"), boundary_ns)
            self._process_and_commit(released.filter(before), boundary_ns, taken, segment)
            taken, segment = Taken(), None
            self._close(boundary_ns)
            released = released.filter(pc.invert(before))
        self._process_and_commit(released, watermark_ns, taken, segment)

    def _next_boundary(self, released: pa.RecordBatch, watermark_ns: int) -> int | None:
        """Return the first end of closed time that is due, None where there is none."""
        due = self._close_at_ns
        if due is None and released.num_rows:
            due = self._boundary_after(released.column("event_time_ns")[0].as_py())
        return due if due is not None and due <= watermark_ns else None

    def _boundary_after(self, time_ns: int) -> int:
        every_ns = nanoseconds(self._settings.close_every_s)
        return int(time_ns // every_ns + 1) * every_ns

    def _process_and_commit(
        self, released: pa.RecordBatch, judged_ns: int, taken: Taken, segment: Segment | None
    ) -> None:
        with self._telemetry.stage("judge"):
            raised = self._engine.process(released) if released.num_rows else []
        self._n_since_snapshot += released.num_rows
        if released.num_rows:
            last_ns = released.column("event_time_ns")[released.num_rows - 1].as_py()
            self._close_at_ns = self._boundary_after(last_ns)
        outbox = [letter_record(letter, self._known.topics.dead_letters) for letter in taken.dead]
        for one in raised:
            outbox += self._outbox(one)
        newest, withdrawn = outcome(raised)
        accounts = {account.account_id: account for one in raised for account in one.accounts}
        with self._telemetry.stage("commit"):
            self._store.commit(
                LiveCommit(
                    epoch=self._epoch,
                    positions=self._positions(),
                    progress=self._progress(judged_ns),
                    watermark_ns=max(self._clock.watermark_ns, 0),
                    newest_ns=max(self._clock.newest_ns, 0),
                    segment=segment,
                    counts=taken.counts(),
                    dead=taken.dead,
                    reference=taken.reference,
                    manifest=self._first_manifest() if newest else None,
                    groups=newest,
                    withdrawn=withdrawn,
                    accounts=tuple(accounts.values()),
                    outbox=outbox,
                    snapshot=self._snapshot(judged_ns),
                )
            )
        self._has_run |= bool(newest)
        self._telemetry.note_dead(taken.dead)
        self._telemetry.note_raised(raised)
        self._telemetry.note_state(self._engine.n_bytes + self._acceptance.seen.n_bytes)

    def _snapshot(self, judged_ns: int) -> bytes | None:
        """Return the engine's state where it is time to save it: a start replays what follows."""
        if self._n_since_snapshot < self._settings.snapshot_events:
            return None
        self._n_since_snapshot = 0
        content = self._engine.snapshot(judged_ns)
        self._telemetry.note("state_saved", judged_ns=judged_ns, n_bytes=len(content))
        return content

    def _outbox(self, raised: Raised) -> list[OutboxRecord]:
        return published(
            [finding.group for finding in raised.findings],
            raised.gone,
            raised.before,
            stream=self._settings.stream,
            at_ns=raised.at_ns,
            topics=self._output,
        )

    def _close(self, before_ns: int) -> None:
        """Judge closed time: the scan of the journal takes the place of what stood."""
        standing = self._engine.groups
        with self._telemetry.stage("close"):
            findings = close(
                self._settings.stream,
                lambda: self._store.segments(last_ns=before_ns),
                self._tables.tables(),
                standing,
                self._known.params,
                self._known.artifact,
                before_ns=before_ns,
            )
        groups = {found.group.group_id: found.group for found in findings.groups}
        self._telemetry.note_closing(standing, groups, before_ns)
        self._close_at_ns = None
        self._commit_closing(findings, standing, groups, before_ns)
        self._engine.adopt(groups.values())

    def _commit_closing(
        self,
        findings: RunFindings,
        standing: Mapping[str, Group],
        groups: Mapping[str, Group],
        before_ns: int,
    ) -> None:
        outbox = published(
            groups.values(),
            [group for group_id, group in sorted(standing.items()) if group_id not in groups],
            standing,
            stream=self._settings.stream,
            at_ns=before_ns,
            topics=self._output,
        )
        with self._telemetry.stage("commit"):
            self._store.commit(
                LiveCommit(
                    epoch=self._epoch,
                    positions={},
                    progress=self._progress(before_ns),
                    watermark_ns=max(self._clock.watermark_ns, 0),
                    newest_ns=max(self._clock.newest_ns, 0),
                    run=findings,
                    outbox=outbox,
                )
            )
        self._has_run = True

    def _positions(self) -> dict[Partition, int]:
        return {**self._reference.positions(), **self._orders.positions(), **self._replays}

    def _progress(self, judged_ns: int) -> str:
        return json.dumps(
            {
                "clock": self._clock.snapshot(),
                "judged_ns": judged_ns,
                "close_at_ns": self._close_at_ns,
            }
        )

    def _first_manifest(self) -> RunManifest | None:
        if self._has_run:
            return None
        return first_manifest(
            self._settings.stream,
            self._known.params,
            self._known.artifact,
            self._engine.threshold_log10_e,
        )

    def _read_reference(self, is_stopping: Callable[[], bool]) -> None:
        """Read the reference topics to their end before the first order is judged."""
        while not is_stopping():
            messages = self._reference.poll(self._settings.messages_a_step, 0.2)
            if messages:
                latest_ns = now_ns() + nanoseconds(self._settings.clock_ahead_s)
                taken = self._intake.take(messages, latest_time_ns=latest_ns)
                state = self._store.load()
                self._store.commit(
                    LiveCommit(
                        epoch=self._epoch,
                        positions=self._reference.positions(),
                        progress=state.progress,
                        counts=taken.counts(),
                        dead=taken.dead,
                        reference=taken.reference,
                    )
                )
            elif self._reference.at_end() >= self._reference.assigned:
                return
