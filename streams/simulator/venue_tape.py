"""Quotes that follow a recorded price, for a venue on which a day is played again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.orderevents import EventType, OrderEvent, OrderType, Side
from streams.simulator.venue import Venue
from streams.simulator.venue_flow import MAKER, TAKER

N_LEVELS = 5
LOTS = 20


@dataclass(frozen=True, slots=True)
class PriceTape:
    """Prices of one instrument as they were traded.

    Parameters
    ----------
    times_ns, ticks : ndarray of int64, shape (n,)
        When, rising, and how many ticks; at least one.
    """

    times_ns: NDArray[np.int64]
    ticks: NDArray[np.int64]

    def ticks_at(self, time_ns: int) -> int:
        """Return the last price at a time; the first one before it was traded."""
        row = int(np.searchsorted(self.times_ns, time_ns, side="right")) - 1
        return int(self.ticks[max(row, 0)])


class TapeQuotes:
    """The maker of one instrument, and the taker who takes the price along when it moves.

    Parameters
    ----------
    venue : Venue
        Where; `MAKER` and `TAKER` should stand beside it, or the book is empty while quotes are on
        their way.
    instrument_id : str
        What.
    tape : PriceTape
        Where the price is.
    tick_size : float
        Smallest change of price.
    """

    def __init__(
        self, venue: Venue, instrument_id: str, tape: PriceTape, *, tick_size: float
    ) -> None:
        self._venue = venue
        self._instrument_id = instrument_id
        self._tape = tape
        self._tick_size = tick_size
        self._quotes: list[OrderEvent] = []
        self._ticks: int | None = None
        self._n_sent = 0

    def renew(self, time_ns: int) -> None:
        """Quote around the price of now, as deep as before."""
        before, self._quotes = self._quotes, []
        for quote in before:
            self._n_sent += 1
            self._venue.submit(
                quote._replace(
                    event_time_ns=time_ns, event_id=self._name(), event_type=EventType.CANCEL
                )
            )
        ticks = self._tape.ticks_at(time_ns)
        for level in range(N_LEVELS):
            self._quotes.append(self._send(MAKER, time_ns, Side.BUY, LOTS, ticks - level))
            self._quotes.append(self._send(MAKER, time_ns, Side.SELL, LOTS, ticks + 1 + level))
        if self._ticks is not None and ticks != self._ticks:
            side = Side.BUY if ticks > self._ticks else Side.SELL
            self._send(TAKER, time_ns, side, 1, None)
        self._ticks = ticks

    def _send(
        self, account_id: str, time_ns: int, side: Side, lots: int, ticks: int | None
    ) -> OrderEvent:
        self._n_sent += 1
        name = self._name()
        order = OrderEvent(
            time_ns,
            account_id,
            self._instrument_id,
            side,
            lots,
            name,
            EventType.NEW,
            client_order_id=name,
            order_type=OrderType.MARKET if ticks is None else OrderType.LIMIT,
            limit_price=None if ticks is None else round(ticks * self._tick_size, 10),
        )
        self._venue.submit(order)
        return order

    def _name(self) -> str:
        return f"{self._instrument_id}-tape-{self._n_sent}"
