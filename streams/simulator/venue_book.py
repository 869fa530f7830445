"""The order book of one instrument: price first, then time."""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from streams.orderevents import OrderEvent, OrderType, sign_of


@dataclass(slots=True)
class BookOrder:
    """An order at the venue.

    Attributes
    ----------
    event : OrderEvent
        What was asked for, last.
    order_id : str
        The venue's name for it.
    limit_ticks, stop_ticks : int or None
        Prices; a limit of None takes any price.
    rank : tuple of int
        Place in the book: the best price and then the oldest has the smallest.
    """

    event: OrderEvent
    order_id: str
    limit_ticks: int | None
    stop_ticks: int | None
    quantity: int
    filled: int = 0
    is_open: bool = True
    rank: tuple[int, int] = (0, 0)

    @property
    def sign(self) -> int:
        """Return 1 for a purchase, -1 for a sale."""
        return sign_of(self.event.side)

    @property
    def remaining(self) -> int:
        """Return the lots that may still fill."""
        return self.quantity - self.filled


@dataclass(slots=True)
class Book:
    """Resting orders of both sides, and the stops that wait for a price.

    Attributes
    ----------
    last_ticks : int or None
        Price of the last trade.
    """

    last_ticks: int | None = None
    _sides: dict[int, list[BookOrder]] = field(default_factory=lambda: {1: [], -1: []})
    _stops: list[tuple[int, BookOrder]] = field(default_factory=list)
    _arrivals: int = 0

    def rest(self, order: BookOrder, limit_ticks: int) -> None:
        """Put an order behind all others at its price."""
        self._arrivals += 1
        order.rank = (-order.sign * limit_ticks, self._arrivals)
        insort(self._sides[order.sign], order, key=lambda one: one.rank)

    def hold_back(self, order: BookOrder, stop_ticks: int) -> None:
        """Keep a stop until its price trades."""
        self._stops.append((stop_ticks, order))

    def remove(self, order: BookOrder) -> None:
        """Take an order out, wherever it is."""
        side = self._sides[order.sign]
        self._sides[order.sign] = [one for one in side if one is not order]
        self._stops = [(ticks, one) for ticks, one in self._stops if one is not order]

    def matches(self, order: BookOrder) -> Iterator[tuple[BookOrder, int, int]]:
        """Yield what an arriving order trades with, how many lots and at which price.

        The caller books each fill on both orders before it asks for the next.
        """
        while order.remaining and (others := self._sides[-order.sign]):
            other = others[0]
            ticks = other.sign * -other.rank[0]
            if order.limit_ticks is not None and order.sign * (order.limit_ticks - ticks) < 0:
                return
            self.last_ticks = ticks
            yield other, min(order.remaining, other.remaining), ticks
            if other.remaining == 0:
                others.pop(0)

    def triggered(self) -> list[BookOrder]:
        """Return the stops that the last trade sets off, in their order, and let them go."""
        last = self.last_ticks
        if last is None:
            return []
        due = [order for ticks, order in self._stops if order.sign * (last - ticks) >= 0]
        for order in due:
            self.remove(order)
        return due


def is_stop(order_type: OrderType) -> bool:
    """Whether an order waits for a price to trade."""
    return order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
