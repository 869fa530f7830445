"""The copier: one event in, what to do out.

A pure function of its events and its state: the same events give the same orders under the same
ids. What a follower meets, a limit, a lock, a reject, concerns that follower alone.
"""

import math
from collections.abc import Iterable
from typing import Any

from streams.copier.actions import Action, Command, NoticeCode
from streams.copier.answers import take_answer
from streams.copier.commanding import obey
from streams.copier.errors import CopierStateError
from streams.copier.follower import FollowerState
from streams.copier.group import CopyGroup
from streams.copier.guards import Lock
from streams.copier.instruments import Instrument
from streams.copier.leading import take_leader_event
from streams.copier.money import Ledger, Slippage
from streams.copier.plan import Plan, SizeMode
from streams.copier.recent import RecentIds
from streams.copier.settling import check_money
from streams.copier.turn import Turn
from streams.copier.watching import compare, start_day, watch
from streams.orderevents import AccountUpdate, EventType, OrderEvent, Tick

_NS_PER_SECOND = 1_000_000_000
_STATE_VERSION = 1  # one more with every change of what a state holds

Event = OrderEvent | Tick | AccountUpdate | Command


class Copier:
    """A plan at work.

    Parameters
    ----------
    plan : Plan
        Who follows whom; whether it may is decided by `check_plan`, not here.
    instruments : iterable of Instrument
        What is known about instruments.

    Examples
    --------
    >>> from streams.copier.plan import FollowerPlan
    >>> from streams.orderevents import Side
    >>> follower = FollowerPlan("F", "owner", "declaration")
    >>> copier = Copier(Plan("p", "L", (follower,), lead_exposure_percent=None), [])
    >>> order = OrderEvent(7, "L", "ES", Side.BUY, 2, "77", EventType.NEW, "order-1")
    >>> [(o.account_id, o.side.value, o.quantity, o.client_order_id) for o in copier.process(order)]
    [('F', 'buy', 2, 'p/F/e/77/0')]
    """

    def __init__(self, plan: Plan, instruments: Iterable[Instrument]) -> None:
        self._group = CopyGroup(plan, {one.instrument_id: one for one in instruments})
        self._plan = plan
        self._seen = RecentIds()
        self._time_ns = 0
        self._synced_ns = 0

    def process(self, event: Event) -> list[Action]:
        """Take the next event and return what it leads to.

        Parameters
        ----------
        event : OrderEvent, Tick, AccountUpdate or Command
            An order event seen before, by its `event_id`, leads to nothing; so does a tick that is
            not later than all before it.

        Returns
        -------
        list of Action
            Orders to send, and notices, in the order in which they arose.
        """
        if isinstance(event, OrderEvent):
            if not self._seen.add(event.event_id):
                return []
            turn = self._begin(event.event_time_ns, f"e/{event.event_id}")
            self._take_order_event(turn, event)
        elif isinstance(event, Tick):
            if event.time_ns <= self._time_ns:
                return []
            turn = self._begin(event.time_ns, f"t/{event.time_ns}")
            if not event.catches_up:  # else nothing is overdue yet: its answer may be on the way
                self._take_tick(turn)
        elif isinstance(event, AccountUpdate):
            turn = self._begin(event.time_ns, f"a/{event.time_ns}/{event.account_id}")
            self._take_update(turn, event)
        else:
            turn = self._begin(event.time_ns, f"c/{event.time_ns}/{event.kind.value}")
            obey(turn, self._group, event)
        return turn.actions

    def position(self, account_id: str, instrument_id: str) -> int:
        """Return the lots that an account of the plan holds, signed."""
        lines = self._ledger(account_id).lines
        return lines[instrument_id].lots if instrument_id in lines else 0

    def positions(self, account_id: str) -> dict[str, int]:
        """Return the lots that an account holds by instrument, signed, without those of none."""
        lines = self._ledger(account_id).lines
        return {name: line.lots for name, line in sorted(lines.items()) if line.lots}

    def targets(self, account_id: str) -> dict[str, int]:
        """Return the position that a follower's ratio asks for, where its size is one of ratios."""
        follower, group = self._group.followers[account_id], self._group
        if follower.own.size.mode not in (SizeMode.RATIO, SizeMode.NOTIONAL):
            return {}
        found = {
            name: lane.target(lane.leader_units(group.leader, self._plan.mode))
            for name, lane in sorted(follower.lanes.items())
        }
        return {name: lots for name, lots in found.items() if lots}

    @property
    def is_idle(self) -> bool:
        """Whether nobody holds a position or has an order in the market."""
        return self._group.is_idle

    def profit_cents(self, account_id: str) -> int:
        """Return an account's profit at the last prices, closed and open, less fees."""
        return self._ledger(account_id).profit_cents()

    def slippage(self, account_id: str) -> Slippage:
        """Return what a follower's fills cost more than the leader's."""
        return self._ledger(account_id).slippage()

    def state(self, account_id: str) -> FollowerState:
        """Return whether a follower is in step."""
        return self._group.followers[account_id].state

    def lock(self, account_id: str) -> Lock | None:
        """Return the lock of a follower, or of the group; None where it may trade."""
        return self._group.followers[account_id].lock or self._group.lock

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain JSON types."""
        return {
            "version": _STATE_VERSION,
            "time_ns": self._time_ns,
            "synced_ns": self._synced_ns,
            "seen": self._seen.snapshot(),
            "group": self._group.snapshot(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned, of a copier of the same plan.

        Raises
        ------
        CopierStateError
            If another version wrote it: positions and orders read wrongly are worse than none.
        """
        if snapshot.get("version") != _STATE_VERSION:
            raise CopierStateError(snapshot.get("version"), _STATE_VERSION)
        self._group = CopyGroup(self._plan, self._group.instruments)
        self._group.restore(snapshot["group"])
        self._seen.restore(snapshot["seen"])
        self._time_ns = snapshot["time_ns"]
        self._synced_ns = snapshot["synced_ns"]

    # Order events

    def _take_order_event(self, turn: Turn, event: OrderEvent) -> None:
        group = self._group
        follower = group.followers.get(event.account_id)
        is_leader = event.account_id == self._plan.leader_account_id
        if not is_leader and follower is None:
            return
        if is_leader and event.copy_group_id is not None:
            text = "an order that is itself a copy is not copied"
            turn.note(event.account_id, NoticeCode.STAMPED, text)
            return
        price_ticks = 0
        if event.event_type == EventType.FILL:
            if not event.last_quantity or event.last_quantity < 0:
                text = "a fill without a quantity: not counted"
                turn.note(event.account_id, NoticeCode.BAD_QUANTITY, text)
                return
            price_ticks = self._mark(turn, event)
        if follower is not None:
            take_answer(turn, group, follower, event, price_ticks)
        else:
            take_leader_event(turn, group, event, price_ticks)

    def _mark(self, turn: Turn, event: OrderEvent) -> int:
        """Return the price of a fill in ticks; the last one known where it has none."""
        group = self._group
        price = event.last_price
        if not price or not math.isfinite(price):
            text = "a fill without a price: counted at the last price known"
            turn.note(event.account_id, NoticeCode.BAD_PRICE, text)
            return group.marks.get(event.instrument_id, 0)
        instrument = group.instruments.get(event.instrument_id)
        ticks = instrument.ticks(price) if instrument is not None else 0
        group.marks[event.instrument_id] = ticks
        return ticks

    # Time and money

    def _begin(self, time_ns: int, name: str) -> Turn:
        is_first = self._time_ns == 0
        if time_ns <= self._time_ns:  # time does not go back
            return Turn(self._time_ns, name)
        before_ns, self._time_ns = self._time_ns, time_ns
        turn = Turn(time_ns, name)
        if not is_first and self._group.day(time_ns) != self._group.day(before_ns):
            start_day(turn, self._group)
        return turn

    def _take_tick(self, turn: Turn) -> None:
        group = self._group
        is_due = turn.time_ns - self._synced_ns >= self._plan.drift.sync_s * _NS_PER_SECOND
        if is_due:
            self._synced_ns = turn.time_ns
        group.entries_refused = False
        for follower in group.followers.values():
            watch(turn, group, follower)
            if is_due:
                compare(turn, group, follower)

    def _take_update(self, turn: Turn, update: AccountUpdate) -> None:
        group = self._group
        if update.account_id == self._plan.leader_account_id:
            group.leader_purse.report(update)
            return
        follower = group.followers.get(update.account_id)
        if follower is not None:
            group.standing.shift(follower.purse.report(update))
            check_money(turn, group, follower)

    def _ledger(self, account_id: str) -> Ledger:
        if account_id == self._plan.leader_account_id:
            return self._group.leader.ledger
        return self._group.followers[account_id].purse.ledger
