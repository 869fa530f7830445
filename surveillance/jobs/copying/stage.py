"""A day at the venue with a copier: the leader's orders in, everything that happened out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from models.params import SECOND_NS
from streams.copier import Copier, Instrument, Notice, NoticeCode, Plan
from streams.copier.follower import FollowerState
from streams.copier.money import Ledger, Slippage
from streams.copier.plan import CopyMode
from streams.copier.routes import lots_for_lot
from streams.orderevents import AccountUpdate, EventType, OrderEvent, Tick, sign_of
from streams.simulator.venue import Answer, Delay, Venue
from streams.simulator.venue_quotes import MAKER, TAKER
from streams.simulator.venue_tape import PriceTape, TapeQuotes

STEP_NS = SECOND_NS
REPORT_NS = 20 * SECOND_NS
AFTERWARDS_NS = 30 * SECOND_NS
LOCAL_DELAY = Delay(least_ns=3_000_000, mean_more_ns=2_000_000)
"""A copier on a machine of its own, milliseconds from the venue."""


class Leader(Protocol):
    """Whoever is copied: requests by time, and upon what it hears."""

    @property
    def account_id(self) -> str:
        """Its account."""
        ...

    def due(self, time_ns: int) -> list[OrderEvent]:
        """Return the requests up to a time that were not returned before."""
        ...

    def hear(self, event: OrderEvent) -> list[OrderEvent]:
        """Take an event of its account, return what it sends upon it."""
        ...


class RecordedLeader:
    """A leader that does again what it did."""

    def __init__(self, account_id: str, requests: Sequence[OrderEvent]) -> None:
        self.account_id = account_id
        self._requests = requests
        self._n_sent = 0

    def due(self, time_ns: int) -> list[OrderEvent]:
        """Return the requests up to a time."""
        start = self._n_sent
        while (
            self._n_sent < len(self._requests)
            and self._requests[self._n_sent].event_time_ns <= time_ns
        ):
            self._n_sent += 1
        return list(self._requests[start : self._n_sent])

    def hear(self, event: OrderEvent) -> list[OrderEvent]:
        """Return nothing: it is only a record."""
        return []


@dataclass(slots=True)
class Played:
    """What came of a day.

    Attributes
    ----------
    events : list of OrderEvent
        Of the leader's and the followers' accounts, as the venue gave them.
    notices : list of Notice
        What the copier said.
    reasons : dict of (str, str) to str
        By follower and order of the leader, why nothing was sent when the leader acted; the order
        may have been copied later.
    profit_cents, slippage
        By account, at the end; profit by the clearing's books, not the copier's.
    """

    events: list[OrderEvent] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    profit_cents: dict[str, int] = field(default_factory=dict)
    slippage: dict[str, Slippage] = field(default_factory=dict)


def play(
    plan: Plan,
    leader: Leader,
    *,
    instruments: Mapping[str, Instrument],
    tapes: Mapping[str, PriceTape],
    equity_cents: Mapping[str, int],
    start_ns: int,
    end_ns: int,
    seed: int,
    refused: frozenset[str] = frozenset(),
    delay: Delay = LOCAL_DELAY,
    on_progress: Callable[[int, int], None] | None = None,
) -> Played:
    """Play a day in demo: nothing leaves this process.

    Parameters
    ----------
    plan : Plan
        Who follows whom; `check_plan` has said that it may.
    leader : Leader
        Of the plan's account.
    instruments : mapping of str to Instrument
        What is known about them.
    tapes : mapping of str to PriceTape
        Price of each instrument that is traded.
    equity_cents : mapping of str to int
        What accounts have at the start; of one that is not named nothing is reported.
    start_ns, end_ns : int
        From when to when.
    seed : int
        Of the venue's delays.
    refused : frozenset of str
        The leader's orders that the venue rejects.
    delay : Delay
        How long requests are on their way.
    on_progress : callable, optional
        Called with seconds played and seconds in all.
    """
    stage = _Stage(plan, leader, instruments, tapes, equity_cents, seed, refused, delay)
    n_steps = (end_ns + AFTERWARDS_NS - start_ns) // STEP_NS
    for number in range(n_steps):
        stage.step(start_ns + number * STEP_NS)
        if on_progress is not None and number % 600 == 0:
            on_progress(number, n_steps)
    return stage.finish()


class _Stage:
    """The copier, the venue and the clearing, a second at a time."""

    def __init__(
        self,
        plan: Plan,
        leader: Leader,
        instruments: Mapping[str, Instrument],
        tapes: Mapping[str, PriceTape],
        equity_cents: Mapping[str, int],
        seed: int,
        refused: frozenset[str],
        delay: Delay,
    ) -> None:
        self._plan = plan
        self._leader = leader
        self._instruments = instruments
        self._tapes = tapes
        self._equity_cents = equity_cents
        self._accounts = [plan.leader_account_id, *(one.account_id for one in plan.followers)]
        self._copier = Copier(plan, instruments.values())
        sizes = {name: instruments[name].tick_size or 1.0 for name in tapes}

        def answer(request: OrderEvent) -> Answer:
            is_refused = (
                request.account_id == leader.account_id and request.client_order_id in refused
            )
            return Answer.REJECT if is_refused else Answer.ACCEPT

        self._venue = Venue(
            sizes,
            np.random.default_rng(seed),
            delay=delay,
            colocated=(MAKER, TAKER),
            answer=answer,
        )
        self._quotes = {
            name: TapeQuotes(self._venue, name, tape, tick_size=sizes[name])
            for name, tape in tapes.items()
        }
        self._renewed_ns = dict.fromkeys(tapes, 0)
        self._marks: dict[str, int] = {}
        commissions = {one.account_id: one.commission_cents for one in plan.followers}
        commissions[plan.leader_account_id] = plan.leader_commission_cents
        self._books = {
            name: Ledger(instruments, self._marks, commission_cents=commissions[name])
            for name in self._accounts
        }
        self._open: dict[str, tuple[str, int]] = {}
        self._reported_ns = 0
        self._played = Played()

    def step(self, time_ns: int) -> None:
        """Let everything happen up to a time, then tell the copier the time."""
        for name in sorted({instrument_id for instrument_id, _ in self._open.values()}):
            self._renew(name, time_ns - STEP_NS)
        self._submit(self._leader.due(time_ns))
        while (arrival_ns := self._venue.next_arrival_ns()) is not None and arrival_ns <= time_ns:
            for event in self._venue.advance(arrival_ns):
                if event.account_id in self._books:
                    self._hear(event)
        if time_ns - self._reported_ns >= REPORT_NS:
            self._reported_ns = time_ns
            self._report(time_ns)
        self._give(Tick(time_ns))

    def finish(self) -> Played:
        """Return what came of it."""
        played, copier = self._played, self._copier
        for one in self._plan.followers:
            played.slippage[one.account_id] = copier.slippage(one.account_id)
        played.profit_cents = {name: book.profit_cents() for name, book in self._books.items()}
        return played

    def _hear(self, event: OrderEvent) -> None:
        self._played.events.append(event)
        self._count_open(event)
        if event.event_type == EventType.FILL and event.last_price is not None:
            lots = sign_of(event.side) * (event.last_quantity or 0)
            ticks = self._instruments[event.instrument_id].ticks(event.last_price)
            self._books[event.account_id].book(event.instrument_id, lots, ticks)
        said = self._give(event)
        if event.account_id == self._plan.leader_account_id:
            self._note_reasons(event, said)
            self._submit(self._leader.hear(event))

    def _give(self, event: OrderEvent | Tick | AccountUpdate) -> list[Notice]:
        actions = self._copier.process(event)
        self._submit(action for action in actions if isinstance(action, OrderEvent))
        said = [action for action in actions if isinstance(action, Notice)]
        self._played.notices += said
        return said

    def _submit(self, requests: Iterable[OrderEvent]) -> None:
        for request in requests:
            if request.instrument_id in self._quotes:
                self._renew(request.instrument_id, request.event_time_ns)
            self._venue.submit(request)

    def _renew(self, instrument_id: str, time_ns: int) -> None:
        """Quote anew where the quotes are older than a step."""
        if time_ns - self._renewed_ns[instrument_id] >= STEP_NS:
            self._renewed_ns[instrument_id] = time_ns
            self._quotes[instrument_id].renew(time_ns)

    def _count_open(self, event: OrderEvent) -> None:
        """Keep the orders that may still fill: their instruments are quoted in every step."""
        name = f"{event.account_id}\0{event.client_order_id}"
        if event.event_type == EventType.NEW:
            self._open[name] = (event.instrument_id, event.quantity)
        elif event.event_type in (EventType.CANCEL, EventType.EXPIRE):
            self._open.pop(name, None)
        elif event.event_type == EventType.FILL and name in self._open:
            left = self._open[name][1] - (event.last_quantity or 0)
            self._open[name] = (event.instrument_id, left)
            if left <= 0:
                del self._open[name]

    def _report(self, time_ns: int) -> None:
        for name, tape in self._tapes.items():
            self._marks[name] = tape.ticks_at(time_ns)
        for name in self._accounts:
            if name in self._equity_cents:
                cents = self._equity_cents[name] + self._books[name].profit_cents()
                self._give(AccountUpdate(time_ns, name, cents, cents))

    def _note_reasons(self, event: OrderEvent, said: Sequence[Notice]) -> None:
        """Write down why a follower does nothing, at the event upon which it would act."""
        acts_on = EventType.FILL if self._plan.mode is CopyMode.FILLS else EventType.NEW
        if event.event_type != acts_on:
            return
        for own in self._plan.followers:
            if lots_for_lot(own, event.instrument_id, self._instruments) is None:
                continue
            names = (own.account_id, self._plan.leader_account_id)
            codes = [notice.code.value for notice in said if notice.account_id in names]
            key = (own.account_id, event.order_id or "")
            self._played.reasons.setdefault(key, codes[0] if codes else self._state(own.account_id))

    def _state(self, account_id: str) -> str:
        if self._copier.lock(account_id) is not None:
            return NoticeCode.LOCKED.value
        state = self._copier.state(account_id)
        return "nothing_to_close" if state is FollowerState.ON else state.value
