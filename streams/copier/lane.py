"""A lane: what one follower holds and has in the market in one of its instruments.

The leader's position counts in the lane's units (see `routes`). What a follower holds comes from
its own fills, never from what was ordered.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from streams.copier.leader import LeaderBook, LeaderOrder
from streams.copier.money import Line
from streams.copier.plan import CopyMode, FollowerPlan, Rounding
from streams.copier.routes import Route
from streams.copier.sizing import target_lots
from streams.orderevents import OrderType

_MOST_REMEMBERED = 1_000

_FIELDS = (
    "client_order_id",
    "parent_order_id",
    "sign",
    "quantity",
    "filled",
    "order_type",
    "limit_price",
    "stop_price",
    "closes",
    "is_open",
    "is_acked",
    "sent_ns",
    "cancel_ns",
    "owed_ns",
    "share_lots",
)


class FollowerOrder:
    """One order that the copier sent.

    Attributes
    ----------
    parent_order_id : str
        The leader's order that it copies; empty where it copies none.
    closes : bool
        Whether it only takes a position away.
    is_open, is_acked : bool
        Whether it may still fill; whether the venue has answered.
    sent_ns, cancel_ns : int
        When it was sent, and when its cancel was; 0 for not.
    owed_ns : int
        Since when its fill is due: at once at market, else since the leader's order was filled; 0
        for not yet.
    share_lots : int or None
        Most that it should have filled, once the leader's order has ended early; None before.
    """

    __slots__ = _FIELDS

    def __init__(
        self,
        client_order_id: str,
        parent_order_id: str,
        sign: int,
        quantity: int,
        order_type: OrderType,
        limit_price: float | None,
        stop_price: float | None,
        closes: bool,
        sent_ns: int,
    ) -> None:
        self.client_order_id = client_order_id
        self.parent_order_id = parent_order_id
        self.sign = sign
        self.quantity = quantity
        self.filled = 0
        self.order_type = order_type
        self.limit_price = limit_price
        self.stop_price = stop_price
        self.closes = closes
        self.is_open = True
        self.is_acked = False
        self.sent_ns = sent_ns
        self.cancel_ns = 0
        self.owed_ns = sent_ns if order_type == OrderType.MARKET else 0
        self.share_lots: int | None = None

    @property
    def remaining(self) -> int:
        """Return the lots that may still fill."""
        return max(self.quantity - self.filled, 0)


class Lane:
    """One follower in one instrument.

    Parameters
    ----------
    route : Route
        What of the leader's leads here.
    line : Line
        The follower's line of the instrument: what it holds.
    plan : FollowerPlan
        Whose.

    Attributes
    ----------
    orders : dict of str to FollowerOrder
        Orders that may still fill, by client order id.
    copies : dict of str to FollowerOrder
        The copy of each open order of the leader, by the leader's order id, whether open or not.
    remainder : Fraction
        What rounding left of earlier entries (`carry`).
    is_flattening : bool
        Cancel, wait, close: nothing is copied until nothing is held.
    retry_ns : int
        Before this time no close is sent again.
    difference : tuple or None
        Positions of both at the last comparison, where they did not fit.
    opened : dict of str to [int, int]
        Of each open order of the leader: units of its fills that opened, lots sent for them
        (where fills are copied).
    given_up : dict of str to None
        Orders that the venue did not answer for, the last few.
    ended : dict of str to FollowerOrder
        Orders out of the market that have a share, the last few: a fill may come after the end.
    lacks_value : bool
        Whether sizes or limits need what a contract is worth, and it is not known.
    """

    __slots__ = (
        "copies",
        "denominator",
        "difference",
        "ended",
        "given_up",
        "is_flattening",
        "lacks_value",
        "line",
        "numerator",
        "opened",
        "orders",
        "remainder",
        "retry_ns",
        "rounding",
        "route",
    )

    def __init__(
        self, route: Route, line: Line, plan: FollowerPlan, *, lacks_value: bool = False
    ) -> None:
        ratio = Fraction(plan.size.value) / route.per_lot
        self.route = route
        self.line = line
        self.rounding: Rounding = plan.size.rounding
        self.numerator = ratio.numerator
        self.denominator = ratio.denominator
        self.orders: dict[str, FollowerOrder] = {}
        self.copies: dict[str, FollowerOrder] = {}
        self.remainder = Fraction()
        self.is_flattening = False
        self.retry_ns = 0
        self.difference: tuple[int, int] | None = None
        self.opened: dict[str, list[int]] = {}
        self.given_up: dict[str, None] = {}
        self.ended: dict[str, FollowerOrder] = {}
        self.lacks_value = lacks_value

    @property
    def instrument_id(self) -> str:
        """Return the follower's instrument."""
        return self.route.instrument_id

    def leader_units(self, leader: LeaderBook, mode: CopyMode) -> int:
        """Return the leader's position, signed, in units.

        Where orders are copied, a market order counts as soon as it is placed: so does its copy.
        """
        lots_of = leader.due_lots if mode is CopyMode.ORDERS else leader.lots
        total = 0
        for name, units in self.route.units.items():
            total += lots_of(name) * units
        return total

    def leader_orders(self, leader: LeaderBook) -> Iterable[LeaderOrder]:
        """Yield the leader's open orders that lead here."""
        for name in self.route.units:
            yield from leader.open_orders(name)

    def due_lots(self, sign: int = 0) -> int:
        """Return what is held once every fill that is due has come, signed.

        For an order of a sign, resting orders the other way do not count: whether they fill is not
        certain, and what is not there yet must not be closed.
        """
        lots = self.line.lots
        for order in self.orders.values():
            if order.owed_ns and (order.order_type == OrderType.MARKET or order.sign != -sign):
                lots += order.sign * order.remaining
        return lots

    def possible_lots(
        self, sign: int, lots: int = 0, instead_of: FollowerOrder | None = None
    ) -> int:
        """Return the largest position on one side that the open entries can lead to.

        A position on the other side goes first, once: what open exits do not close of it already.

        Parameters
        ----------
        sign : int
            1 long, -1 short.
        lots : int
            Of an entry beside those that are open, with what it closes.
        instead_of : FollowerOrder, optional
            An open order that the entry is to become.
        """
        entries = lots - (instead_of.filled if instead_of is not None else 0)
        against = max(-sign * self.line.lots, 0)
        for order in self.orders.values():
            if order is instead_of or order.sign != sign:
                continue
            if order.closes:
                against -= order.remaining
            else:
                entries += order.remaining
        return max(sign * self.line.lots, 0) + max(entries - max(against, 0), 0)

    def target(self, leader_units: int) -> int:
        """Return the position that the ratio asks for, signed."""
        return target_lots(leader_units, self.numerator, self.denominator, self.rounding)

    def finish(self, order: FollowerOrder) -> None:
        """Take an order out of the market."""
        order.is_open = False
        self.orders.pop(order.client_order_id, None)
        if order.share_lots is not None:
            self.ended[order.client_order_id] = order
            if len(self.ended) > _MOST_REMEMBERED:
                del self.ended[next(iter(self.ended))]

    def give_up(self, order: FollowerOrder) -> None:
        """Count an order as lost, and remember it: it may turn up."""
        self.finish(order)
        self.given_up[order.client_order_id] = None
        if len(self.given_up) > _MOST_REMEMBERED:
            del self.given_up[next(iter(self.given_up))]

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain JSON types, without the position."""
        copies = {copy.client_order_id: copy for copy in self.copies.values()}
        orders = {**self.orders, **copies, **self.ended}
        return {
            "orders": [[getattr(o, name) for name in _FIELDS] for o in orders.values()],
            "copies": {parent: copy.client_order_id for parent, copy in self.copies.items()},
            "open": list(self.orders),
            "remainder": [self.remainder.numerator, self.remainder.denominator],
            "is_flattening": self.is_flattening,
            "retry_ns": self.retry_ns,
            "difference": self.difference and list(self.difference),
            "given_up": list(self.given_up),
            "ended": list(self.ended),
            "opened": {parent: list(opened) for parent, opened in self.opened.items()},
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned."""
        orders: dict[str, FollowerOrder] = {}
        for values in snapshot["orders"]:
            order = FollowerOrder.__new__(FollowerOrder)
            for name, value in zip(_FIELDS, values, strict=True):
                setattr(order, name, value)
            order.order_type = OrderType(order.order_type)
            orders[order.client_order_id] = order
        self.orders = {name: orders[name] for name in snapshot["open"]}
        self.copies = {parent: orders[name] for parent, name in snapshot["copies"].items()}
        self.remainder = Fraction(*snapshot["remainder"])
        self.is_flattening = snapshot["is_flattening"]
        self.retry_ns = snapshot["retry_ns"]
        difference = snapshot["difference"]
        self.difference = (difference[0], difference[1]) if difference else None
        self.given_up = dict.fromkeys(snapshot["given_up"])
        self.ended = {name: orders[name] for name in snapshot["ended"]}
        self.opened = {parent: list(opened) for parent, opened in snapshot["opened"].items()}
