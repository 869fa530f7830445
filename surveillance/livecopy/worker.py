"""The worker: one plan, from messages to the outbox; the store is the truth.

A step reads, tells the copier what concerns it, and commits in one transaction where reading goes
on, what the copier was told, its copies and what people see. The publisher sends the copies then.
"""

import json
import logging
from collections.abc import Callable, Sequence

from streams.copier import Action, Command, Plan
from streams.copier.copier import Event
from streams.copier.follower import FollowerState
from streams.eventtime import Partition
from streams.messages import Message
from streams.orderevents import Tick
from streams.topics import Topics
from surveillance.clock import monotonic_ns, now_ns
from surveillance.live.letters import letter_record
from surveillance.live.publisher import Sender
from surveillance.live.settings import nanoseconds
from surveillance.live.source import Source
from surveillance.livecopy.intake import Intake, Taken
from surveillance.livecopy.journal import write_inputs
from surveillance.livecopy.latency import Latencies
from surveillance.livecopy.machine import recover
from surveillance.livecopy.outgoing import order_records
from surveillance.livecopy.permission import disarming
from surveillance.livecopy.reference import Reference
from surveillance.livecopy.sending import TimedSender
from surveillance.livecopy.settings import CopySettings
from surveillance.logs import log_event
from surveillance.store.copying import CopyCommit, CopyStore
from surveillance.store.live import LiveCommit, Segment

_LOG = logging.getLogger(__name__)


class CopyWorker:
    """A plan at work on streams.

    Parameters
    ----------
    store : CopyStore
        Where the copier is kept.
    epoch : int
        Of the session that took it over.
    plan : Plan
        What was allowed to run.
    source : Source
        Orders and reports of accounts, at the positions that the store holds.
    reference : Reference
        Owners, declarations and instruments. Instruments are those of the start.
    topics : Topics
        Names of topics.
    settings : CopySettings
        Choices.
    clock : callable
        The time of day, nanoseconds.
    """

    def __init__(
        self,
        store: CopyStore,
        epoch: int,
        plan: Plan,
        source: Source,
        reference: Reference,
        topics: Topics,
        settings: CopySettings,
        *,
        clock: Callable[[], int] = now_ns,
    ) -> None:
        self._store, self._epoch, self._plan = store, epoch, plan
        self._source, self._reference, self._topics = source, reference, topics
        self._settings, self._clock = settings, clock
        records = reference.refresh()
        self._lot_sizes = records.lot_sizes
        self._intake = Intake(topics, plan, records.lot_sizes)
        state = store.load(plan.plan_id)
        self._obeyed = state.obeyed_command
        self.machine = recover(
            plan,
            list(records.instruments.values()),
            state.live.snapshot,
            store.live(plan.plan_id).segments(),
        )
        progress = json.loads(state.live.progress)
        self._n_refused: int = progress.get("n_refused", 0)
        self._latencies = Latencies(self.machine.followers, progress.get("latencies"))
        self._read_once: set[Partition] = set()
        self._n_inputs = 0
        self._ticked_ns = self._checked_ns = 0
        self._timing: TimedSender | None = None
        self._told: list[Event] = []
        self._done: list[Action] = []
        self._commit(Taken(), saves=True)  # what is told from here on needs a state to begin with
        self._note("started", epoch=epoch)

    def timed(self, sender: Sender) -> TimedSender:
        """Return a sender that measures how long copies take."""
        self._timing = TimedSender(sender, self._latencies)
        return self._timing

    def step(self, timeout_s: float) -> int:
        """Read once, copy, commit; return how many messages came."""
        messages = self._source.poll(self._settings.messages_a_step, timeout_s)
        read_ns = monotonic_ns()
        self._read_once |= self._source.at_end()
        now = self._clock()
        taken = self._take(messages, now)
        is_tick_due = self._is_tick_due(now)
        if is_tick_due:  # and no more often: the copies of this step wait for it
            self._obey(now)
        if taken.events:
            # So that an entry's age is known, and no answer that waits here counts as missing.
            self._tell(Tick(now, catches_up=True))
        for event in taken.events:
            self._tell(event, read_ns)
        if is_tick_due:
            self._ticked_ns = now
            is_full = len(messages) >= self._settings.messages_a_step
            self._tell(Tick(now, catches_up=is_full or not self._is_caught_up))
        if self._told or taken.dead:
            is_quiet = not taken.events
            is_due = self._n_inputs >= self._settings.snapshot_inputs
            self._commit(taken, saves=is_quiet and is_due)
        return len(messages)

    @property
    def _is_caught_up(self) -> bool:
        """Whether every partition was read to its end once since the start."""
        return self._read_once >= self._source.assigned

    def _is_tick_due(self, now: int) -> bool:
        waited_ns = now - self._ticked_ns
        return waited_ns >= nanoseconds(self._settings.tick_s) or waited_ns < 0

    def _tell(self, event: Event, read_ns: int | None = None) -> None:
        actions = self.machine.process(event)
        if read_ns is not None and self._timing is not None:
            self._timing.begin(actions, read_ns)
        self._told.append(event)
        self._done += actions

    def _take(self, messages: Sequence[Message], now: int) -> Taken:
        latest_ns = now + nanoseconds(self._settings.clock_ahead_s)
        taken = self._intake.take(messages, now_ns=now, latest_time_ns=latest_ns)
        self._n_refused += taken.n_refused
        if taken.n_refused:
            self._note("orders_refused", level=logging.WARNING, n=taken.n_refused)
        if taken.dead:
            self._note("dead_letters", level=logging.WARNING, n=len(taken.dead))
        return taken

    def _obey(self, now: int) -> None:
        """Do what people command, then stop whom the records do not cover any more."""
        commands = self._store.commands_after(self._plan.plan_id, self._obeyed)
        for one in commands:
            self._tell(Command(one.time_ns, one.kind, one.account_id))
            self._obeyed = one.command_id
            self._note("obeyed", kind=one.kind.value, account_id=one.account_id)
        if commands or now - self._checked_ns >= nanoseconds(self._settings.check_s):
            self._checked_ns = now
            state = self.machine.copier.state
            armed = [n for n in self.machine.followers if state(n) is not FollowerState.DISARMED]
            for stop in disarming(self._plan, self._reference.refresh(), armed, time_ns=now):
                self._tell(stop)
                self._note("stopped_by_records", account_id=stop.account_id, reason=stop.reason)

    def _commit(self, taken: Taken, *, saves: bool) -> None:
        now = self._clock()
        orders = order_records(self._done, self._topics.copier_orders, self._lot_sizes)
        letters = [letter_record(one, self._topics.dead_letters) for one in taken.dead]
        live = LiveCommit(
            epoch=self._epoch,
            positions=self._source.positions(),
            progress=json.dumps(
                {"n_refused": self._n_refused, "latencies": self._latencies.snapshot()}
            ),
            watermark_ns=now,
            newest_ns=now,
            segment=None if saves or not self._told else self._segment(now),
            counts=taken.counts(),
            dead=taken.dead,
            outbox=[*orders, *letters],
            snapshot=self.machine.snapshot() if saves else None,
            forgets_segments=saves,
        )
        view = self.machine.view(now, self._latencies, n_refused=self._n_refused)
        self._store.commit(self._plan.plan_id, CopyCommit(live, self._obeyed, view))
        self._n_inputs = 0 if saves else self._n_inputs + len(self._told)
        self._told, self._done = [], []

    def _segment(self, now: int) -> Segment:
        return Segment(write_inputs(self._told), now, now, len(self._told))

    def _note(self, event: str, *, level: int = logging.INFO, **fields: object) -> None:
        log_event(_LOG, level, event, plan=self._plan.plan_id, **fields)
