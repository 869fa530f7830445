"""A venue that is only assumed: over files nobody answers the copies, so each fills as its leader.

A copy fills by the same share as the leader's order and at its price; what copies no order, or one
that has filled already, fills at once at the last price. Every request is confirmed.
"""

from dataclasses import dataclass

from streams.copier import Plan
from streams.copier.plan import CopyMode
from streams.orderevents import EventType, OrderEvent


@dataclass(slots=True)
class _Led:
    """An order of the leader: what of it has filled."""

    quantity: int
    filled: int = 0


@dataclass(slots=True)
class _Copy:
    """A copy in the market."""

    request: OrderEvent
    filled: int = 0


class AssumedVenue:
    """Answers copies from what became of the leader's orders.

    Parameters
    ----------
    plan : Plan
        Whose copies.
    """

    def __init__(self, plan: Plan) -> None:
        self._copies_fills = plan.mode is CopyMode.FILLS
        self._led: dict[str, _Led] = {}
        self._open: dict[str, _Copy] = {}
        self._prices: dict[str, float | None] = {}
        self._last_price: float | None = None
        self._n_answers = 0

    def hear(self, event: OrderEvent) -> list[OrderEvent]:
        """Take an event of the leader; return the fills of its copies."""
        order_id = event.order_id or event.client_order_id or event.event_id
        led = self._led.setdefault(order_id, _Led(event.quantity))
        if event.event_type == EventType.REPLACE:
            led.quantity = event.quantity
        if event.event_type != EventType.FILL:
            return []
        led.filled += event.last_quantity or 0
        self._last_price = event.last_price or self._last_price
        fills = []
        for copy in list(self._open.values()):
            if copy.request.parent_order_id == order_id:
                fills += self._fill(copy, led, event.event_time_ns)
        return fills

    def answer(self, request: OrderEvent) -> list[OrderEvent]:
        """Return what the venue says to a request."""
        name = request.client_order_id or ""
        if request.event_type == EventType.CANCEL:
            return [self._said(request, request.event_type)] if self._open.pop(name, None) else []
        if request.event_type == EventType.REPLACE:
            copy = self._open.get(name)
            if copy is None:
                return []
            copy.request = request
            return [self._said(request, request.event_type)]
        copy = self._open[name] = _Copy(request)
        led = self._led.get(request.parent_order_id or "")
        said = [self._said(request, EventType.ACK)]
        if self._copies_fills or led is None or led.filled >= led.quantity:
            led = _Led(1, 1)
        return said + self._fill(copy, led, request.event_time_ns)

    def _fill(self, copy: _Copy, led: _Led, time_ns: int) -> list[OrderEvent]:
        request = copy.request
        due = request.quantity * min(led.filled, led.quantity) // max(led.quantity, 1)
        lots = due - copy.filled
        if lots <= 0:
            return []
        copy.filled = due
        if due >= request.quantity:
            self._open.pop(request.client_order_id or "", None)
        price = self._last_price
        fill = self._said(request, EventType.FILL, time_ns)
        return [fill._replace(last_quantity=lots, last_price=price)]

    def _said(self, request: OrderEvent, kind: EventType, time_ns: int | None = None) -> OrderEvent:
        self._n_answers += 1
        return request._replace(
            event_time_ns=request.event_time_ns if time_ns is None else time_ns,
            event_id=f"assumed-{self._n_answers}",
            event_type=kind,
            order_id=f"assumed-{request.client_order_id}",
        )
