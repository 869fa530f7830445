"""A recorded price quoted at the venue, and a seeded trader who trades there."""

import numpy as np

from streams.orderevents import EventType, OrderEvent, OrderType, Side, sign_of
from streams.simulator.venue import Delay, Venue
from streams.simulator.venue_quotes import MAKER, TAKER
from streams.simulator.venue_tape import PriceTape, TapeQuotes
from streams.simulator.venue_trader import SeededTrader, TraderLaws

SECOND_NS = 1_000_000_000
START_NS = 1_704_720_600 * SECOND_NS
DAY_S = 4_000


def tape(seed: int = 1) -> PriceTape:
    steps = np.random.default_rng(seed).normal(0.0, 1.5, DAY_S)
    times = START_NS + np.arange(DAY_S, dtype=np.int64) * SECOND_NS
    return PriceTape(times, 24_000 + np.cumsum(steps).astype(np.int64))


def a_day(seed: int) -> list[OrderEvent]:
    """All events of a trader's day."""
    prices = tape()
    venue = Venue({"ES": 0.25}, np.random.default_rng(seed), colocated=(MAKER, TAKER))
    quotes = TapeQuotes(venue, "ES", prices, tick_size=0.25)
    trader = SeededTrader(
        "T",
        prices={"ES": lambda time_ns: prices.ticks_at(time_ns) * 0.25},
        tick_sizes={"ES": 0.25},
        start_ns=START_NS,
        end_ns=START_NS + DAY_S * SECOND_NS,
        rng=np.random.default_rng(seed),
        laws=TraderLaws(pause_s=120.0, hold_s=60.0),
    )
    heard = []
    for second in range(DAY_S):
        now = START_NS + second * SECOND_NS
        quotes.renew(now - SECOND_NS)
        for request in trader.due(now):
            venue.submit(request)
        while (arrival := venue.next_arrival_ns()) is not None and arrival <= now:
            for event in venue.advance(arrival):
                if event.account_id == "T":
                    heard.append(event)
                    for request in trader.hear(event):
                        venue.submit(request)
    return heard


def test_a_price_holds_until_the_next_and_the_first_one_before_it() -> None:
    prices = PriceTape(np.array([10, 20]), np.array([100, 105]))
    assert [prices.ticks_at(time) for time in (5, 10, 19, 20, 99)] == [100, 100, 100, 105, 105]


def test_quotes_stand_around_the_price_and_move_with_it() -> None:
    venue = Venue({"ES": 0.25}, np.random.default_rng(1), delay=Delay(0, 0))
    prices = PriceTape(np.array([0, 10]), np.array([100, 110]))
    quotes = TapeQuotes(venue, "ES", prices, tick_size=0.25)

    def trade(time_ns: int, side: Side) -> float | None:
        order = OrderEvent(time_ns, "A", "ES", side, 1, f"{time_ns}{side}", EventType.NEW)
        venue.submit(order)
        fills = [e for e in venue.advance(time_ns) if (e.account_id, e.event_type) == ("A", "fill")]
        return fills[0].last_price if fills else None

    quotes.renew(1)
    assert (trade(2, Side.BUY), trade(2, Side.SELL)) == (25.25, 25.0)
    quotes.renew(11)
    assert (trade(12, Side.BUY), trade(12, Side.SELL)) == (27.75, 27.5)


def test_who_stands_beside_the_venue_is_there_at_once() -> None:
    venue = Venue({"ES": 0.25}, np.random.default_rng(1), colocated=("A",))
    for name in ("A", "B"):
        venue.submit(OrderEvent(100, name, "ES", Side.BUY, 1, name, EventType.NEW))
    assert {event.account_id for event in venue.advance(100)} == {"A"}


def test_a_trader_ends_its_day_flat_at_the_pace_of_a_person() -> None:
    events = a_day(3)
    held = sum(sign_of(e.side) * (e.last_quantity or 0) for e in events if e.event_type == "fill")
    assert held == 0
    orders = [event for event in events if event.event_type == EventType.NEW]
    assert {order.order_type for order in orders} == set(OrderType) - {OrderType.STOP_LIMIT}
    by_hand = [o.event_time_ns for o in orders if o.order_type != OrderType.STOP]
    assert len(by_hand) > 10
    # Limits that nobody took end by a cancel, stops by one or by their fill.
    assert np.diff(by_hand).min() > 2 * SECOND_NS


def test_the_same_seed_gives_the_same_day_and_another_another() -> None:
    assert a_day(4) == a_day(4)
    assert a_day(4) != a_day(5)
