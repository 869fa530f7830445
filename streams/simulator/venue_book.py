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
    _stops: list[BookOrder] = field(default_factory=list)
    _arrivals: int = 0

    def rest(self, order: BookOrder) -> None:
        """Put an order behind all others at its price."""
        assert order.limit_ticks is not None
        self._arrivals += 1
        order.rank = (-order.sign * order.limit_ticks, self._arrivals)
        insort(self._sides[order.sign], order, key=lambda one: one.rank)

    def hold_back(self, order: BookOrder) -> None:
        """Keep a stop until its price trades."""
        self._stops.append(order)

    def remove(self, order: BookOrder) -> None:
        """Take an order out, wherever it is."""
        for orders in (self._sides[order.sign], self._stops):
            for place, one in enumerate(orders):
                if one is order:
                    del orders[place]
                    return

    def matches(self, order: BookOrder) -> Iterator[tuple[BookOrder, int]]:
        """Yield what an arriving order trades with, and how many lots, until nothing is left.

        The caller books each fill on both orders before it asks for the next.
        """
        others = self._sides[-order.sign]
        while order.remaining and others and self._crosses(order, others[0]):
            other = others[0]
            lots = min(order.remaining, other.remaining)
            self.last_ticks = other.limit_ticks
            yield other, lots
            if other.remaining == 0:
                others.pop(0)

    def triggered(self) -> list[BookOrder]:
        """Return the stops that the last trade sets off, in their order, and let them go."""
        if self.last_ticks is None:
            return []
        last = self.last_ticks
        due = [o for o in self._stops if o.stop_ticks is not None and _is_reached(o, last)]
        self._stops = [o for o in self._stops if all(o is not one for one in due)]
        return due

    def _crosses(self, order: BookOrder, other: BookOrder) -> bool:
        assert other.limit_ticks is not None
        if order.limit_ticks is None:
            return True
        return order.sign * (order.limit_ticks - other.limit_ticks) >= 0


def is_stop(order_type: OrderType) -> bool:
    """Whether an order waits for a price to trade."""
    return order_type in (OrderType.STOP, OrderType.STOP_LIMIT)


def _is_reached(order: BookOrder, last_ticks: int) -> bool:
    assert order.stop_ticks is not None
    return order.sign * (last_ticks - order.stop_ticks) >= 0
