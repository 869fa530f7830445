"""Everybody else at the venue: quotes around a price that wanders, and a few who take them."""

from dataclasses import dataclass

import numpy as np

from streams.orderevents import Side
from streams.simulator.venue import Venue
from streams.simulator.venue_quotes import Quotes


@dataclass(frozen=True, slots=True)
class FlowLaws:
    """How the others trade.

    Attributes
    ----------
    step_ns : int
        Quotes are renewed so often.
    n_levels, lots : int
        Price levels on each side, and lots on each.
    step_ticks : float
        Standard deviation of the price over a step.
    taker_share : float
        Steps in which somebody takes a lot at market.
    """

    step_ns: int = 100_000_000
    n_levels: int = 5
    lots: int = 20
    step_ticks: float = 0.7
    taker_share: float = 0.5


class QuoteFlow:
    """Quotes in one instrument.

    Parameters
    ----------
    venue : Venue
        Where.
    instrument_id : str
        What.
    price_ticks : int
        Where the price begins.
    tick_size : float
        Smallest change of price.
    rng : numpy.random.Generator
        Draws the price and the takers.
    laws : FlowLaws
        How they trade.
    """

    def __init__(
        self,
        venue: Venue,
        instrument_id: str,
        *,
        price_ticks: int,
        tick_size: float,
        rng: np.random.Generator,
        laws: FlowLaws | None = None,
    ) -> None:
        self._quotes = Quotes(venue, instrument_id, "flow")
        self._price_ticks = price_ticks
        self._tick_size = tick_size
        self._rng = rng
        self._laws = laws or FlowLaws()
        self._next_ns = 0

    def advance(self, time_ns: int) -> None:
        """Trade up to a time, the first step at once."""
        self._next_ns = self._next_ns or time_ns
        while self._next_ns <= time_ns:
            self._step(self._next_ns)
            self._next_ns += self._laws.step_ns

    def _step(self, time_ns: int) -> None:
        self._price_ticks += round(self._rng.normal(0.0, self._laws.step_ticks))
        self._quotes.withdraw(time_ns)
        for level in range(1, self._laws.n_levels + 1):
            for side, ticks in ((Side.BUY, -level), (Side.SELL, level)):
                price = round((self._price_ticks + ticks) * self._tick_size, 10)
                self._quotes.quote(time_ns, side, self._laws.lots, price)
        if self._rng.random() < self._laws.taker_share:
            self._quotes.take(time_ns, Side.BUY if self._rng.random() < 0.5 else Side.SELL)
