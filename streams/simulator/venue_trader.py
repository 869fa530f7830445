"""A seeded trader at the venue: somebody who leads, at the pace of a person.

What it intends is drawn before the day: entries at market or at a limit, some with a stop, one
trade at a time in each instrument. What it sends depends on what fills.
"""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from streams.orderevents import EventType, OrderEvent, OrderType, Side, sign_of

NS_PER_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TraderLaws:
    """How a person trades; pauses and holding times are lognormal, in seconds.

    Attributes
    ----------
    pause_s, hold_s : float
        Medians of the time between two trades in an instrument, and of a trade.
    spread : float
        Standard deviation of the logarithm of both.
    shortest_s : float
        No pause and no trade is shorter.
    limit_share, stop_share : float
        Entries one tick better than the market; trades that a stop guards.
    patience_s : float
        An entry that has not filled by then is canceled.
    stop_ticks : int
        Distance of the stop.
    scale_out_share : float
        Trades of 2 lots or more, without a stop, that are closed in two halves.
    largest_lots : int
        Sizes are 1 to this, the smaller the likelier.
    """

    pause_s: float = 900.0
    hold_s: float = 420.0
    spread: float = 0.8
    shortest_s: float = 20.0
    limit_share: float = 0.25
    stop_share: float = 0.3
    patience_s: float = 60.0
    stop_ticks: int = 30
    scale_out_share: float = 0.3
    largest_lots: int = 4


@dataclass(slots=True)
class _Trade:
    """One trade: what it was meant to be, and what became of it."""

    instrument_id: str
    side: Side
    lots: int
    is_limit: bool
    has_stop: bool
    held: int = 0
    entry: str = ""
    stop: str = ""
    has_entry_open: bool = False


_Step = Callable[["_Trade", int], list[OrderEvent]]


class SeededTrader:
    """A leader to be played: it hears its own events and answers with requests.

    Parameters
    ----------
    account_id : str
        Whose.
    prices : mapping of str to callable
        Price of each instrument that it trades, at a time.
    tick_sizes : mapping of str to float
        Of the same instruments.
    start_ns, end_ns : int
        The day; everything is closed before its end.
    rng : numpy.random.Generator
        Draws what the trader intends.
    laws : TraderLaws
        How it trades.
    """

    def __init__(
        self,
        account_id: str,
        *,
        prices: Mapping[str, Callable[[int], float]],
        tick_sizes: Mapping[str, float],
        start_ns: int,
        end_ns: int,
        rng: np.random.Generator,
        laws: TraderLaws | None = None,
    ) -> None:
        self.account_id = account_id
        self._prices = prices
        self._tick_sizes = tick_sizes
        self._laws = laws or TraderLaws()
        self._due: list[tuple[int, int, _Step, _Trade]] = []
        self._trade_of: dict[str, _Trade] = {}
        self._n_planned = 0
        self._n_sent = 0
        for instrument_id in sorted(prices):
            self._plan_day(instrument_id, start_ns, end_ns, rng)

    def due(self, time_ns: int) -> list[OrderEvent]:
        """Return the requests that are sent up to a time, each at its own."""
        requests: list[OrderEvent] = []
        while self._due and self._due[0][0] <= time_ns:
            at_ns, _, step, trade = heapq.heappop(self._due)
            requests += step(trade, at_ns)
        return requests

    def hear(self, event: OrderEvent) -> list[OrderEvent]:
        """Take an event of the own account and return what is sent upon it."""
        trade = self._trade_of.get(event.client_order_id or "")
        if trade is None:
            return []
        sign = sign_of(event.side)
        if event.event_type == EventType.FILL:
            trade.held += sign * (event.last_quantity or 0)
            is_entry = event.client_order_id == trade.entry
            if is_entry and abs(trade.held) == trade.lots:
                trade.has_entry_open = False
            if is_entry and trade.has_stop and not trade.stop:
                return self._place_stop(trade, event)
        elif event.event_type in (EventType.CANCEL, EventType.EXPIRE, EventType.REJECT):
            trade.has_entry_open &= event.client_order_id != trade.entry
        return []

    def _plan_day(
        self, instrument_id: str, start_ns: int, end_ns: int, rng: np.random.Generator
    ) -> None:
        laws = self._laws
        at_ns = start_ns
        while True:
            pause_s, hold_s = (
                max(float(rng.lognormal(np.log(median), laws.spread)), laws.shortest_s)
                for median in (laws.pause_s, laws.hold_s)
            )
            enter_ns = at_ns + int(pause_s * NS_PER_SECOND)
            exit_ns = enter_ns + int(hold_s * NS_PER_SECOND)
            if exit_ns + int(laws.patience_s * NS_PER_SECOND) >= end_ns:
                return
            weights = 1.0 / np.arange(1, laws.largest_lots + 1)
            trade = _Trade(
                instrument_id,
                Side.BUY if rng.random() < 0.5 else Side.SELL,
                int(rng.choice(len(weights), p=weights / weights.sum())) + 1,
                is_limit=bool(rng.random() < laws.limit_share),
                has_stop=bool(rng.random() < laws.stop_share),
            )
            self._plan(enter_ns, self._enter, trade)
            patience_ns = min(int(laws.patience_s * NS_PER_SECOND), (exit_ns - enter_ns) // 2)
            self._plan(enter_ns + patience_ns, self._give_up, trade)
            if trade.lots > 1 and not trade.has_stop and rng.random() < laws.scale_out_share:
                self._plan(enter_ns + 3 * (exit_ns - enter_ns) // 4, self._halve, trade)
            self._plan(exit_ns, self._exit, trade)
            at_ns = exit_ns

    def _plan(self, at_ns: int, step: _Step, trade: _Trade) -> None:
        self._n_planned += 1
        heapq.heappush(self._due, (at_ns, self._n_planned, step, trade))

    def _enter(self, trade: _Trade, at_ns: int) -> list[OrderEvent]:
        trade.has_entry_open = True
        limit = None
        if trade.is_limit:
            away = sign_of(trade.side) * self._tick_sizes[trade.instrument_id]
            limit = round(self._prices[trade.instrument_id](at_ns) - away, 10)
        entry = self._order(trade, at_ns, trade.side, trade.lots, limit_price=limit)
        trade.entry = entry.client_order_id or ""
        return [entry]

    def _place_stop(self, trade: _Trade, fill: OrderEvent) -> list[OrderEvent]:
        away = self._laws.stop_ticks * self._tick_sizes[trade.instrument_id] * sign_of(trade.side)
        price = round((fill.last_price or 0.0) - away, 10)
        stop = self._order(
            trade,
            fill.event_time_ns,
            _other(trade.side),
            trade.lots,
            stop_price=price,
            parent_order_id=fill.order_id,
        )
        trade.stop = stop.client_order_id or ""
        return [stop]

    def _give_up(self, trade: _Trade, at_ns: int) -> list[OrderEvent]:
        return [self._cancel(trade, at_ns, trade.entry)] if trade.has_entry_open else []

    def _halve(self, trade: _Trade, at_ns: int) -> list[OrderEvent]:
        half = abs(trade.held) // 2
        return [self._order(trade, at_ns, _other(trade.side), half)] if half else []

    def _exit(self, trade: _Trade, at_ns: int) -> list[OrderEvent]:
        requests = [self._cancel(trade, at_ns, trade.stop)] if trade.stop and trade.held else []
        if trade.held:
            requests.append(self._order(trade, at_ns, _other(trade.side), abs(trade.held)))
        return requests

    def _order(
        self,
        trade: _Trade,
        at_ns: int,
        side: Side,
        lots: int,
        *,
        limit_price: float | None = None,
        stop_price: float | None = None,
        parent_order_id: str | None = None,
    ) -> OrderEvent:
        self._n_sent += 1
        name = f"{self.account_id}-{self._n_sent}"
        self._trade_of[name] = trade
        kind = OrderType.MARKET if limit_price is None else OrderType.LIMIT
        return OrderEvent(
            at_ns,
            self.account_id,
            trade.instrument_id,
            side,
            lots,
            name,
            EventType.NEW,
            client_order_id=name,
            order_type=kind if stop_price is None else OrderType.STOP,
            limit_price=limit_price,
            stop_price=stop_price,
            parent_order_id=parent_order_id,
        )

    def _cancel(self, trade: _Trade, at_ns: int, name: str) -> OrderEvent:
        self._n_sent += 1
        return OrderEvent(
            at_ns,
            self.account_id,
            trade.instrument_id,
            trade.side if name == trade.entry else _other(trade.side),
            trade.lots,
            f"{self.account_id}-{self._n_sent}",
            EventType.CANCEL,
            client_order_id=name,
        )


def _other(side: Side) -> Side:
    return Side.SELL if side == Side.BUY else Side.BUY
