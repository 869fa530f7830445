"""A small venue: price-time matching, acknowledgments, fills and refusals, with a delay.

It takes the requests of traders and copiers and gives the events of the contract. A request that it
has seen, by its `event_id`, and a new order under a `client_order_id` that it knows are ignored:
so a sender may repeat itself after a restart. Of a market order what finds nobody expires.
"""

import heapq
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from streams.orderevents import EventType, OrderEvent, OrderType
from streams.simulator.venue_book import Book, BookOrder, is_stop

_PRICE_DIGITS = 10  # below every tick size, above what a float of a price can hold


class Answer(StrEnum):
    """What the venue makes of a request; `silence` loses it."""

    ACCEPT = "accept"
    REJECT = "reject"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a request is on its way: at least `least_ns`, and exponential beyond."""

    least_ns: int = 200_000
    mean_more_ns: int = 300_000


def accept_all(request: OrderEvent) -> Answer:
    """Refuse nothing."""
    return Answer.ACCEPT


class Venue:
    """A venue at work.

    Parameters
    ----------
    tick_sizes : mapping of str to float
        The instruments traded here.
    rng : numpy.random.Generator
        Draws the delays.
    delay : Delay
        Of requests. Those of one account arrive in the order in which they were sent.
    colocated : collection of str
        Accounts beside the venue: their requests arrive when they are sent.
    answer : callable
        Decides over each request that arrives.
    """

    def __init__(
        self,
        tick_sizes: Mapping[str, float],
        rng: np.random.Generator,
        *,
        delay: Delay | None = None,
        colocated: Collection[str] = (),
        answer: Callable[[OrderEvent], Answer] = accept_all,
    ) -> None:
        self._tick_sizes = tick_sizes
        self._rng = rng
        self._delay = delay or Delay()
        self._colocated = frozenset(colocated)
        self._answer = answer
        self._books = {name: Book() for name in tick_sizes}
        self._orders: dict[str, BookOrder] = {}
        self._by_client: dict[tuple[str, str], BookOrder] = {}
        self._seen: set[str] = set()
        self._on_its_way: list[tuple[int, int, OrderEvent]] = []
        self._last_arrival_ns: dict[str, int] = {}
        self._n_sent = 0
        self._events: list[OrderEvent] = []
        self._n_events = 0
        self._time_ns = 0

    @property
    def accepted(self) -> list[OrderEvent]:
        """Return the new orders that were taken, in their order."""
        return [order.event for order in self._orders.values()]

    def last_price(self, instrument_id: str) -> float | None:
        """Return the price of the last trade."""
        ticks = self._books[instrument_id].last_ticks
        return None if ticks is None else self._price(instrument_id, ticks)

    def submit(self, request: OrderEvent) -> None:
        """Send a request: a `new`, `replace` or `cancel` at its `event_time_ns`."""
        delay_ns = 0 if request.account_id in self._colocated else self._draw_delay_ns()
        before_ns = self._last_arrival_ns.get(request.account_id, 0)
        arrival_ns = max(request.event_time_ns + delay_ns, before_ns)
        self._last_arrival_ns[request.account_id] = arrival_ns
        heapq.heappush(self._on_its_way, (arrival_ns, self._n_sent, request))
        self._n_sent += 1

    def _draw_delay_ns(self) -> int:
        more_ns = self._delay.mean_more_ns
        return self._delay.least_ns + (int(self._rng.exponential(more_ns)) if more_ns else 0)

    def next_arrival_ns(self) -> int | None:
        """Return when the next request arrives, None if none is on its way."""
        return self._on_its_way[0][0] if self._on_its_way else None

    def advance(self, time_ns: int) -> list[OrderEvent]:
        """Let everything arrive up to a time, and return the events in their order."""
        while self._on_its_way and self._on_its_way[0][0] <= time_ns:
            arrival_ns, _, request = heapq.heappop(self._on_its_way)
            self._time_ns = max(self._time_ns, arrival_ns)
            self._take(request)
        events, self._events = self._events, []
        return events

    def _take(self, request: OrderEvent) -> None:
        if request.event_id in self._seen:
            return
        self._seen.add(request.event_id)
        name = (request.account_id, request.client_order_id or request.event_id)
        known = self._by_client.get(name)
        if request.event_type == EventType.NEW and known is not None:
            return
        answer = self._answer(request)
        if answer is Answer.SILENCE:
            return
        if request.event_type != EventType.NEW:
            self._change(request, known, answer)
        elif answer is Answer.REJECT or request.instrument_id not in self._books:
            self._emit(request, EventType.REJECT, order_id=None)
        else:
            self._add(request, name)

    def _add(self, request: OrderEvent, name: tuple[str, str]) -> None:
        order = BookOrder(
            request, f"order-{len(self._orders) + 1}", *self._ticks(request), request.quantity
        )
        self._orders[order.order_id] = order
        self._by_client[name] = order
        self._emit(request, EventType.NEW, order_id=order.order_id)
        self._emit(request, EventType.ACK, order_id=order.order_id)
        self._enter(order)
        self._trigger(request.instrument_id)

    def _change(self, request: OrderEvent, order: BookOrder | None, answer: Answer) -> None:
        if order is None or not order.is_open or answer is Answer.REJECT:
            quantity = order.quantity if order is not None else 0
            order_id = order.order_id if order is not None else None
            self._emit(request._replace(quantity=quantity), EventType.REJECT, order_id=order_id)
            return
        book = self._books[order.event.instrument_id]
        book.remove(order)
        if request.event_type == EventType.CANCEL:
            order.is_open = False
            self._emit(order.event, EventType.CANCEL, order_id=order.order_id)
            return
        # A change loses the place in the queue.
        order.event = request._replace(event_type=EventType.NEW)
        order.quantity = max(request.quantity, order.filled)
        order.limit_ticks, order.stop_ticks = self._ticks(request)
        order.is_open = order.remaining > 0
        self._emit(
            order.event._replace(quantity=order.quantity),
            EventType.REPLACE,
            order_id=order.order_id,
        )
        if order.is_open:
            self._enter(order)
            self._trigger(request.instrument_id)

    def _enter(self, order: BookOrder) -> None:
        book = self._books[order.event.instrument_id]
        if is_stop(order.event.order_type) and order.stop_ticks is not None:
            book.hold_back(order, order.stop_ticks)
            return
        for other, lots, ticks in book.matches(order):
            for one in (other, order):
                self._fill(one, lots, ticks)
        if not order.remaining:
            return
        if order.limit_ticks is None:
            order.is_open = False
            self._emit(order.event, EventType.EXPIRE, order_id=order.order_id)
        else:
            book.rest(order, order.limit_ticks)

    def _trigger(self, instrument_id: str) -> None:
        while due := self._books[instrument_id].triggered():
            for order in due:
                order.stop_ticks = None
                self._enter(order)

    def _fill(self, order: BookOrder, lots: int, ticks: int) -> None:
        order.filled += lots
        order.is_open = order.remaining > 0
        self._emit(
            order.event._replace(
                last_quantity=lots, last_price=self._price(order.event.instrument_id, ticks)
            ),
            EventType.FILL,
            order_id=order.order_id,
        )

    def _ticks(self, request: OrderEvent) -> tuple[int | None, int | None]:
        tick_size = self._tick_sizes[request.instrument_id]
        has_limit = request.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
        limit = request.limit_price if has_limit else None
        stop = request.stop_price if is_stop(request.order_type) else None
        return (
            None if limit is None else round(limit / tick_size),
            None if stop is None else round(stop / tick_size),
        )

    def _price(self, instrument_id: str, ticks: int) -> float:
        return round(ticks * self._tick_sizes[instrument_id], _PRICE_DIGITS)

    def _emit(self, event: OrderEvent, event_type: EventType, *, order_id: str | None) -> None:
        self._n_events += 1
        self._events.append(
            event._replace(
                event_time_ns=self._time_ns,
                event_id=f"venue-{self._n_events}",
                event_type=event_type,
                order_id=order_id,
            )
        )
