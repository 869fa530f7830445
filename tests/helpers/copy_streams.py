"""A live copier without a broker: topics in memory, a venue that answers, a clock moved by hand."""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.copying import INSTRUMENTS, LEADER, SECOND_NS, START_NS
from helpers.crashing import CrashError, CrashingStore, Fuse, Log, MemorySource, MemoryTopics

from streams.copier import CommandKind, Declaration, Plan
from streams.copier.plan_file import plan_to_json
from streams.messages import Message
from streams.topics import Topics
from surveillance.jobs.copying.records import CopyRecords
from surveillance.live.publisher import Publisher
from surveillance.livecopy.reference import FixedReference
from surveillance.livecopy.settings import CopySettings
from surveillance.livecopy.worker import CopyWorker
from surveillance.store import Store
from surveillance.store.copying import CopyCommit, CopyStore

TOPICS = Topics()
SETTINGS = CopySettings(snapshot_inputs=8)
PRICE = 6_000.0


class CrashingCopyStore(CopyStore):
    """The store, with a point before and after everything that it writes."""

    fuse: Fuse

    def commit(self, plan_id: str, commit: CopyCommit) -> None:
        self.fuse.pass_by("before the commit of a step")
        super().commit(plan_id, commit)
        self.fuse.pass_by("after the commit of a step")

    def live(self, plan_id: str) -> CrashingStore:
        live = super().live(plan_id)
        live.__class__ = CrashingStore
        assert isinstance(live, CrashingStore)
        live.fuse = self.fuse
        return live


def records_of_plan(plan: Plan, **fields: Any) -> CopyRecords:
    """Return records in which everything is as the plan states it."""
    leads = plan.leader_account_id
    owners = {own.account_id: own.owner_id for own in plan.followers}
    values = {
        "owners": {leads: plan.followers[0].owner_id, **owners},
        "equity_cents": {},
        "declarations": tuple(
            Declaration(own.declaration_id, leads, own.account_id) for own in plan.followers
        ),
        "instruments": {one.instrument_id: one for one in INSTRUMENTS},
        "lot_sizes": {},
        **fields,
    }
    return CopyRecords(**values)


@dataclass
class Session:
    """A worker that took the copier over, and its publisher."""

    worker: CopyWorker
    publisher: Publisher
    source: MemorySource


class Scene:
    """Topics, a venue and a clock; they outlive every worker.

    Parameters
    ----------
    plan : Plan
        Whose accounts trade.
    path : Path
        The store's file.
    crashes : collection of int
        At which points the worker dies.
    """

    def __init__(self, plan: Plan, path: Path, crashes: Iterable[int] = ()) -> None:
        self.plan, self.path = plan, path
        self.fuse = Fuse(frozenset(crashes))
        self.topics = MemoryTopics(self.fuse)
        self.log: Log = {(TOPICS.orders, 0): [], (TOPICS.account_updates, 0): []}
        self.time_ns = START_NS
        self.reference = FixedReference(records_of_plan(plan))
        self.answers = True
        self._n_events = 0
        self._n_answered = 0
        self._opened = ExitStack()
        self._session: Session | None = None

    def close(self) -> None:
        """Let the worker go, as if it were killed."""
        self._session = None
        self._opened.close()

    # What the venue and the clearing write

    def order(self, event_type: str, side: str, quantity: float, **fields: Any) -> None:
        """Write an event of orders, of the leader's in ES unless said otherwise."""
        self._n_events += 1
        row = {
            "event_time_ns": self.time_ns,
            "account_id": LEADER,
            "instrument_id": "ES",
            "side": side,
            "quantity": quantity,
            "event_type": event_type,
            "event_id": f"v-{self._n_events}",
            **fields,
        }
        self.write(TOPICS.orders, json.dumps(row).encode())

    def trade(self, side: str, lots: int, order_id: str) -> None:
        """Write a market order of the leader, and its fill."""
        self.order("new", side, lots, order_id=order_id, order_type="market")
        self.order("fill", side, lots, order_id=order_id, last_quantity=lots, last_price=PRICE)

    def write(self, topic: str, value: bytes | None) -> None:
        """Write any message."""
        messages = self.log[topic, 0]
        messages.append(Message(topic, 0, len(messages), value, b"key"))

    def report(self, account_id: str, cents: int) -> bytes:
        """Return a report of what an account holds."""
        fields = {"event_time_ns": self.time_ns, "account_id": account_id}
        return json.dumps({**fields, "balance_cents": cents, "equity_cents": cents}).encode()

    def tell(self, kind: CommandKind, account_id: str | None) -> None:
        """Let a person command something."""
        with Store.open(f"sqlite:///{self.path}") as store:
            store.copying.add_command(self.plan.plan_id, kind, account_id, self.time_ns)

    def _answer(self) -> bool:
        """Take every new copy and fill it; return whether there was any."""
        copies = self.copies()
        new, self._n_answered = copies[self._n_answered :], len(copies)
        if not self.answers:
            return False
        for row in new:
            told = {name: row[name] for name in ("account_id", "instrument_id")}
            told |= {name: row[name] for name in ("client_order_id", "copy_group_id", "order_type")}
            told["order_id"] = f"at-{row['client_order_id']}"
            lots = row["quantity"]
            self.order(row["event_type"], row["side"], lots, **told)
            if row["event_type"] == "new" and row["order_type"] == "market":
                filled = {"last_quantity": lots, "last_price": PRICE}
                self.order("fill", row["side"], lots, **told, **filled)
        return bool(new)

    # The worker

    def wait(self, seconds: float) -> None:
        """Move the clock."""
        self.time_ns += round(seconds * SECOND_NS)

    def work(self, *, is_dying: bool = True) -> CopyWorker:
        """Work until nothing happens any more; a worker that dies is followed by another."""
        while True:
            try:
                session = self.session()
                while True:
                    n_new = session.worker.step(0.0)
                    session.publisher.publish()
                    if not self._answer() and not n_new:
                        return session.worker
            except CrashError:
                self.close()
                assert is_dying

    def session(self) -> Session:
        """Return the worker at work, or a new one."""
        if self._session is None:
            self._session = self._take_over()
        return self._session

    def store(self) -> CopyStore:
        """Open the store; it is closed with the worker."""
        store = self._opened.enter_context(Store.open(f"sqlite:///{self.path}")).copying
        store.__class__ = CrashingCopyStore
        assert isinstance(store, CrashingCopyStore)
        store.fuse = self.fuse
        store._clock = lambda: self.time_ns
        return store

    def _take_over(self) -> Session:
        store = self.store()
        store.record_plan(self.plan.plan_id, plan_to_json(self.plan), self.time_ns)
        epoch = store.open_session(self.plan.plan_id)
        source = MemorySource(self.log, store.load(self.plan.plan_id).live.positions)
        worker = CopyWorker(
            store,
            epoch,
            self.plan,
            source,
            self.reference,
            TOPICS,
            SETTINGS,
            clock=lambda: self.time_ns,
        )
        live = store.live(self.plan.plan_id)
        publisher = Publisher(live, worker.timed(self.topics), self.topics.read_back)
        publisher.recover()
        publisher.publish()
        return Session(worker, publisher, source)

    # What came of it

    def copies(self) -> list[dict[str, Any]]:
        """Return every message of the topic of copies."""
        messages = self.topics.messages.get(TOPICS.copier_orders, [])
        return [json.loads(message.value or b"") for message in messages]

    def view(self) -> dict[str, Any]:
        """Return the live view as people see it."""
        with Store.open(f"sqlite:///{self.path}") as store:
            view = store.copying.copier(self.plan.plan_id).view
        assert view is not None
        return view


def published(scene: Scene) -> list[tuple[bytes | None, bytes | None, Any]]:
    messages = scene.topics.messages[TOPICS.copier_orders]
    return [(message.key, message.value, message.headers) for message in messages]
