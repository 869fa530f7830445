"""The others' side of a venue: one who quotes in an instrument, and one who takes the quotes."""

from streams.orderevents import EventType, OrderEvent, OrderType, Side
from streams.simulator.venue import Venue

MAKER = "maker"
TAKER = "taker"


class Quotes:
    """The quotes in one instrument, renewed whole, and the orders that take them.

    Parameters
    ----------
    venue : Venue
        Where.
    instrument_id : str
        What.
    name : str
        Of this source of orders: it makes their ids.
    """

    def __init__(self, venue: Venue, instrument_id: str, name: str) -> None:
        self._venue = venue
        self._instrument_id = instrument_id
        self._name = name
        self._quotes: list[OrderEvent] = []
        self._n_sent = 0

    def withdraw(self, time_ns: int) -> None:
        """Cancel every quote."""
        for quote in self._quotes:
            self._venue.submit(
                quote._replace(
                    event_time_ns=time_ns, event_id=self._next_id(), event_type=EventType.CANCEL
                )
            )
        self._quotes = []

    def quote(self, time_ns: int, side: Side, lots: int, price: float) -> None:
        """Offer lots at a price."""
        self._quotes.append(self._send(MAKER, time_ns, side, lots, price))

    def take(self, time_ns: int, side: Side) -> None:
        """Trade a lot at market."""
        self._send(TAKER, time_ns, side, 1, None)

    def _send(
        self, account_id: str, time_ns: int, side: Side, lots: int, price: float | None
    ) -> OrderEvent:
        name = self._next_id()
        order = OrderEvent(
            time_ns,
            account_id,
            self._instrument_id,
            side,
            lots,
            name,
            EventType.NEW,
            client_order_id=name,
            order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
            limit_price=price,
        )
        self._venue.submit(order)
        return order

    def _next_id(self) -> str:
        self._n_sent += 1
        return f"{self._instrument_id}-{self._name}-{self._n_sent}"
