"""The leader's book: its position in each instrument, and the orders it has in the market.

Built from the leader's own events alone. A fill counts although its order is not known yet: events
may come out of order, and a position that misses a fill is wrong for good.
"""

from typing import Any

from streams.copier.money import Ledger
from streams.orderevents import EventType, OrderEvent, OrderType, sign_of

_REMEMBERED_ORDERS = 10_000  # finished orders whose late events are still understood

_FIELDS = (
    "order_id",
    "instrument_id",
    "sign",
    "quantity",
    "filled",
    "order_type",
    "limit_price",
    "stop_price",
    "time_in_force",
    "guarded_order_id",
    "is_open",
    "is_exit",
    "paid_ticks",
)


class LeaderOrder:
    """One order of the leader.

    Attributes
    ----------
    sign : int
        1 buys, -1 sells.
    guarded_order_id : str or None
        Of a bracket's stop or target: the entry that it guards.
    is_open : bool
        Whether it may still fill.
    is_exit : bool
        Whether it rests, and closed no more than there was when it was placed or changed last.
    paid_ticks : int
        Price times lots of its fills.
    """

    __slots__ = _FIELDS

    def __init__(self, order_id: str, event: OrderEvent) -> None:
        self.order_id = order_id
        self.instrument_id = event.instrument_id
        self.sign = sign_of(event.side)
        self.quantity = event.quantity
        self.filled = 0
        self.order_type = event.order_type
        self.limit_price = event.limit_price
        self.stop_price = event.stop_price
        self.time_in_force = event.time_in_force
        self.guarded_order_id = event.parent_order_id
        self.is_open = True
        self.is_exit = False
        self.paid_ticks = 0

    @property
    def remaining(self) -> int:
        """Return the lots that may still fill."""
        return max(self.quantity - self.filled, 0)


class LeaderBook:
    """What the leader holds and has in the market.

    Parameters
    ----------
    ledger : Ledger
        Takes the leader's fills.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.orders: dict[str, LeaderOrder] = {}
        self._open: dict[str, dict[str, LeaderOrder]] = {}
        self._closed_early: dict[str, None] = {}

    def lots(self, instrument_id: str) -> int:
        """Return the position in an instrument, signed."""
        line = self.ledger.lines.get(instrument_id)
        return line.lots if line is not None else 0

    def due_lots(self, instrument_id: str) -> int:
        """Return the position once the open market orders have filled, signed."""
        lots = self.lots(instrument_id)
        orders = self._open.get(instrument_id)
        if orders:
            for order in orders.values():
                if order.order_type == OrderType.MARKET:
                    lots += order.sign * order.remaining
        return lots

    def open_orders(self, instrument_id: str) -> list[LeaderOrder]:
        """Return the orders of an instrument that may still fill, the oldest first."""
        found = self._open.get(instrument_id)
        return list(found.values()) if found else []

    def add(self, event: OrderEvent) -> LeaderOrder:
        """Take a `new`; its fills or its end may have come before it."""
        order_id = event.order_id or event.client_order_id or event.event_id
        order = LeaderOrder(order_id, event)
        early = self.orders.get(order_id)
        if early is not None:
            order.filled, order.paid_ticks = early.filled, early.paid_ticks
        self.orders[order_id] = order
        if order_id in self._closed_early or order.remaining == 0:
            self._closed_early.pop(order_id, None)
            order.is_open = False
        else:
            order.is_exit = self._is_exit(order)
            self._open.setdefault(order.instrument_id, {})[order_id] = order
        self._forget_old()
        return order

    def find(self, event: OrderEvent) -> LeaderOrder | None:
        """Return the order that an event is about."""
        return self.orders.get(event.order_id or event.client_order_id or "")

    def change(self, order: LeaderOrder, event: OrderEvent) -> None:
        """Take a `replace`."""
        order.quantity = event.quantity
        order.order_type = event.order_type
        order.limit_price = event.limit_price
        order.stop_price = event.stop_price
        order.is_exit = self._is_exit(order)
        if order.remaining == 0:
            self._end(order)

    def close(self, event: OrderEvent) -> LeaderOrder | None:
        """Take a `cancel`, `reject` or `expire`; one that comes before its `new` is remembered."""
        order = self.find(event)
        if order is not None:
            self._end(order)
        elif event.order_id:
            self._closed_early[event.order_id] = None
            if len(self._closed_early) > _REMEMBERED_ORDERS:
                del self._closed_early[next(iter(self._closed_early))]
        return order

    def fill(self, event: OrderEvent, lots: int, price_ticks: int) -> LeaderOrder:
        """Take a `fill`; that of an unknown order makes one that is closed."""
        order = self.find(event)
        if order is None:
            order = LeaderOrder(event.order_id or event.event_id, event)
            order.quantity, order.is_open = 0, False
            self.orders[order.order_id] = order
        order.filled += lots
        order.paid_ticks += lots * price_ticks
        if order.remaining == 0:
            self._end(order)
        self.ledger.book(event.instrument_id, sign_of(event.side) * lots, price_ticks)
        return order

    def snapshot(self) -> dict[str, Any]:
        """Return the state as plain JSON types."""
        return {
            "orders": [[getattr(o, name) for name in _FIELDS] for o in self.orders.values()],
            "closed_early": list(self._closed_early),
            "ledger": self.ledger.snapshot(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go back to a state that `snapshot` returned."""
        self.orders, self._open = {}, {}
        for values in snapshot["orders"]:
            order = LeaderOrder.__new__(LeaderOrder)
            for name, value in zip(_FIELDS, values, strict=True):
                setattr(order, name, value)
            order.order_type = OrderType(order.order_type)
            self.orders[order.order_id] = order
            if order.is_open:
                self._open.setdefault(order.instrument_id, {})[order.order_id] = order
        self._closed_early = dict.fromkeys(snapshot["closed_early"])
        self.ledger.restore(snapshot["ledger"])

    def _is_exit(self, order: LeaderOrder) -> bool:
        if order.order_type == OrderType.MARKET:
            return False
        lots = self.due_lots(order.instrument_id)
        guarded = self.orders.get(order.guarded_order_id or "")
        if guarded is not None and guarded.is_open and guarded.order_type != OrderType.MARKET:
            lots += guarded.sign * guarded.remaining
        return opened_lots(lots, order.sign, order.remaining) == 0

    def _end(self, order: LeaderOrder) -> None:
        order.is_open = False
        self._open.get(order.instrument_id, {}).pop(order.order_id, None)

    def _forget_old(self) -> None:
        if len(self.orders) <= 2 * _REMEMBERED_ORDERS:
            return
        closed = [order_id for order_id, order in self.orders.items() if not order.is_open]
        for order_id in closed[:-_REMEMBERED_ORDERS]:
            del self.orders[order_id]


def opened_lots(held: int, sign: int, lots: int) -> int:
    """Return how much of a purchase (sign 1) or sale (-1) opens; the rest closes what is held.

    Examples
    --------
    >>> opened_lots(2, -1, 5), opened_lots(2, -1, 1), opened_lots(2, 1, 5)
    (3, 0, 5)
    """
    return lots - min(lots, max(-sign * held, 0))


def ends_order(event_type: EventType) -> bool:
    """Whether an event ends an order without a fill."""
    return event_type in (EventType.CANCEL, EventType.REJECT, EventType.EXPIRE)


def mirrored(order: LeaderOrder) -> tuple[OrderType, float | None, float | None]:
    """Return type, limit and stop price of an order for the other side that fills at its price.

    A purchase at a limit fills when the price has fallen to it, and a sale that is to happen then
    is a stop; the other way round a stop becomes a limit. A stop-limit becomes a limit at its stop.
    """
    if order.order_type == OrderType.LIMIT:
        return OrderType.STOP, None, order.limit_price
    if order.order_type in (OrderType.STOP, OrderType.STOP_LIMIT):
        return OrderType.LIMIT, order.stop_price, None
    return order.order_type, None, None
