"""One follower: its lanes, its money, whether it may trade, and the requests it sends.

Every order leaves here, stamped as a copy; what to send is decided elsewhere (`order_copying`,
`fill_copying`, `settling`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from streams.copier.guards import Lock, Purse, lock_of, lock_snapshot
from streams.copier.instruments import Instrument
from streams.copier.lane import FollowerOrder, Lane
from streams.copier.money import Ledger
from streams.copier.plan import FollowerPlan, Plan, SizeMode
from streams.copier.routes import Route, lots_for_lot, routes_of
from streams.copier.turn import Stamper, Turn
from streams.orderevents import EventType, OrderEvent, OrderType, Side


class FollowerState(StrEnum):
    """Whether a follower is in step: `disarmed` waits for a person, `out_of_sync` for both flat."""

    ON = "on"
    OUT_OF_SYNC = "out_of_sync"
    DISARMED = "disarmed"


class Follower:
    """A follower at work.

    Parameters
    ----------
    plan : Plan
        The whole plan.
    own : FollowerPlan
        This follower's part of it.
    instruments : mapping of str to Instrument
        What is known about instruments.
    marks : mapping of str to int
        Last prices in ticks, kept up by the copier.

    Attributes
    ----------
    direction : int
        -1 where it does the opposite of its leader.
    n_entries : int
        Entries sent today.
    """

    __slots__ = (
        "_counts_money",
        "_instruments",
        "_plan_id",
        "_stamper",
        "account_id",
        "by_leader",
        "direction",
        "lanes",
        "limits",
        "lock",
        "n_entries",
        "own",
        "purse",
        "state",
        "told_unmapped",
    )

    def __init__(
        self,
        plan: Plan,
        own: FollowerPlan,
        instruments: Mapping[str, Instrument],
        marks: Mapping[str, int],
    ) -> None:
        self.own = own
        self.account_id = own.account_id
        self.limits = own.limits
        self.direction = -1 if own.size.value < 0 else 1
        ledger = Ledger(instruments, marks, commission_cents=own.commission_cents)
        self.purse = Purse(ledger, plan.drift.balance_age_ns)
        self.state = FollowerState.ON
        self.lock: Lock | None = None
        self.n_entries = 0
        self.told_unmapped: set[str] = set()
        self.lanes: dict[str, Lane] = {}
        self.by_leader: dict[str, Lane | None] = {}
        self._instruments = instruments
        self._counts_money = own.limits.count_money or plan.group_limits.count_money
        self._plan_id = plan.plan_id
        self._stamper = Stamper(plan.plan_id, own.account_id)
        known = {*instruments, *own.instruments}
        known.update(entry.leader_instrument_id for entry in own.translations)
        for route in routes_of(own, sorted(known), instruments).values():
            self._open_lane(route)

    def lane_of(self, leader_instrument_id: str) -> Lane | None:
        """Return the lane that an instrument of the leader leads to, None if it is not copied."""
        if leader_instrument_id not in self.by_leader:
            self._find_lane(leader_instrument_id)
        return self.by_leader[leader_instrument_id]

    @property
    def may_open(self) -> bool:
        """Whether entries may be copied as far as the follower itself goes."""
        return self.lock is None and self.state is FollowerState.ON

    def send(
        self,
        turn: Turn,
        lane: Lane,
        *,
        sign: int,
        lots: int,
        closes: bool,
        parent_order_id: str = "",
        order_type: OrderType = OrderType.MARKET,
        limit_price: float | None = None,
        stop_price: float | None = None,
        time_in_force: str | None = None,
    ) -> FollowerOrder:
        """Send a new order."""
        client_order_id = self._stamper.next_id(turn.name)
        order = FollowerOrder(
            client_order_id,
            parent_order_id,
            sign,
            lots,
            order_type,
            limit_price,
            stop_price,
            closes,
            turn.time_ns,
        )
        lane.orders[client_order_id] = order
        if not closes:
            self.n_entries += 1
        turn.actions.append(
            OrderEvent(
                turn.time_ns,
                self.account_id,
                lane.route.instrument_id,
                Side.BUY if sign > 0 else Side.SELL,
                lots,
                client_order_id,
                EventType.NEW,
                None,
                client_order_id,
                order_type,
                limit_price,
                stop_price,
                None,
                None,
                parent_order_id or None,
                self._plan_id,
                True,
                time_in_force,
            )
        )
        return order

    def replace(self, turn: Turn, lane: Lane, order: FollowerOrder, lots: int) -> None:
        """Ask for another quantity of the whole order, and for its prices as they stand in it."""
        order.quantity = lots
        self._request(turn, lane, order, EventType.REPLACE)

    def cancel(self, turn: Turn, lane: Lane, order: FollowerOrder) -> None:
        """Ask for an order's end, once."""
        if not order.cancel_ns:
            order.cancel_ns = turn.time_ns
            self._request(turn, lane, order, EventType.CANCEL)

    def cancel_stray(self, turn: Turn, event: OrderEvent) -> None:
        """Ask for the end of an order that was given up and is in the market after all."""
        stamp = self._stamper.next_id(turn.name)
        turn.actions.append(
            event._replace(
                event_time_ns=turn.time_ns,
                event_id=stamp,
                event_type=EventType.CANCEL,
                copy_group_id=self._plan_id,
                automated=True,
            )
        )

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain JSON types."""
        return {
            "state": self.state.value,
            "lock": lock_snapshot(self.lock),
            "n_entries": self.n_entries,
            "told_unmapped": sorted(self.told_unmapped),
            "purse": self.purse.snapshot(),
            "leader_instruments": list(self.by_leader),
            "lanes": {name: lane.snapshot() for name, lane in self.lanes.items()},
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned."""
        self.state = FollowerState(snapshot["state"])
        self.lock = lock_of(snapshot["lock"])
        self.n_entries = snapshot["n_entries"]
        self.told_unmapped = set(snapshot["told_unmapped"])
        self.purse.restore(snapshot["purse"])
        for name in snapshot["leader_instruments"]:
            self.lane_of(name)
        for name, lane in snapshot["lanes"].items():
            self.lanes[name].restore(lane)

    def _request(self, turn: Turn, lane: Lane, order: FollowerOrder, event_type: EventType) -> None:
        turn.actions.append(
            OrderEvent(
                event_time_ns=turn.time_ns,
                account_id=self.account_id,
                instrument_id=lane.instrument_id,
                side=Side.BUY if order.sign > 0 else Side.SELL,
                quantity=order.quantity,
                event_id=self._stamper.next_id(turn.name),
                event_type=event_type,
                client_order_id=order.client_order_id,
                order_type=order.order_type,
                limit_price=order.limit_price,
                stop_price=order.stop_price,
                parent_order_id=order.parent_order_id or None,
                copy_group_id=self._plan_id,
                automated=True,
            )
        )

    def _find_lane(self, leader_instrument_id: str) -> None:
        found = lots_for_lot(self.own, leader_instrument_id, self._instruments)
        if found is None:
            self.by_leader[leader_instrument_id] = None
        else:  # an instrument that nobody described leads to itself
            self._open_lane(Route(found[0], {leader_instrument_id: 1}, 1))

    def _open_lane(self, route: Route) -> None:
        line = self.purse.ledger.line(route.instrument_id)
        lane = Lane(route, line, self.own, lacks_value=self._lacks_value(route))
        self.lanes[route.instrument_id] = lane
        self.by_leader.update(dict.fromkeys(route.units, lane))

    def _lacks_value(self, route: Route) -> bool:
        needed = {route.instrument_id} if self._counts_money else set()
        if self.own.size.mode is SizeMode.NOTIONAL:
            needed |= {route.instrument_id, *route.units}
        described = [self._instruments.get(name) for name in needed]
        return not all(instrument and instrument.is_valued for instrument in described)
