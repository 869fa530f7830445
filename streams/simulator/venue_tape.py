"""Quotes that follow a recorded price, for a venue on which a day is played again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.orderevents import Side
from streams.simulator.venue import Venue
from streams.simulator.venue_quotes import Quotes

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
        self._quotes = Quotes(venue, instrument_id, "tape")
        self._tape = tape
        self._tick_size = tick_size
        self._ticks: int | None = None

    def renew(self, time_ns: int) -> None:
        """Quote around the price of now, as deep as before."""
        self._quotes.withdraw(time_ns)
        ticks = self._tape.ticks_at(time_ns)
        for level in range(N_LEVELS):
            self._quotes.quote(time_ns, Side.BUY, LOTS, self._price(ticks - level))
            self._quotes.quote(time_ns, Side.SELL, LOTS, self._price(ticks + 1 + level))
        if self._ticks is not None and ticks != self._ticks:
            self._quotes.take(time_ns, Side.BUY if ticks > self._ticks else Side.SELL)
        self._ticks = ticks

    def _price(self, ticks: int) -> float:
        return round(ticks * self._tick_size, 10)
