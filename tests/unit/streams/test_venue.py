"""The venue: price before time, every answer once, the same seed the same day."""

from typing import Any

import numpy as np
import pytest

from streams.orderevents import EventType, OrderEvent, OrderType, Side
from streams.simulator.venue import Answer, Delay, Venue
from streams.simulator.venue_flow import QuoteFlow


class Floor:
    """A venue whose requests arrive at once, and the events of the last one."""

    def __init__(self, **fields: Any) -> None:
        self.venue = Venue({"ES": 0.25}, np.random.default_rng(1), delay=Delay(0, 0), **fields)
        self.time_ns = 0

    def send(self, account_id: str, kind: EventType, side: str, lots: int, **fields: Any) -> Any:
        self.time_ns += 1
        fields.setdefault("event_id", f"request-{self.time_ns}")
        fields.setdefault("client_order_id", fields["event_id"])
        request = OrderEvent(
            self.time_ns, account_id, "ES", Side(side), lots, event_type=kind, **fields
        )
        self.venue.submit(request)
        return self.venue.advance(self.time_ns)

    def limit(self, account_id: str, side: str, lots: int, price: float, **fields: Any) -> Any:
        fields = {"order_type": OrderType.LIMIT, "limit_price": price, **fields}
        return self.send(account_id, EventType.NEW, side, lots, **fields)

    def market(self, account_id: str, side: str, lots: int, **fields: Any) -> Any:
        return self.send(account_id, EventType.NEW, side, lots, **fields)


def story(events: list[OrderEvent]) -> list[tuple[str, str, int | None, float | None]]:
    return [(e.account_id, e.event_type.value, e.last_quantity, e.last_price) for e in events]


def test_the_best_price_trades_first_and_at_one_price_the_oldest() -> None:
    floor = Floor()
    floor.limit("a", "sell", 2, 6001.0)
    floor.limit("b", "sell", 2, 6000.0)
    floor.limit("c", "sell", 2, 6000.0)
    events = floor.market("d", "buy", 5)
    fills = [entry for entry in story(events) if entry[1] == "fill" and entry[0] != "d"]
    assert fills == [
        ("b", "fill", 2, 6000.0),
        ("c", "fill", 2, 6000.0),
        ("a", "fill", 1, 6001.0),
    ]
    assert floor.venue.last_price("ES") == 6001.0


def test_a_new_order_is_stated_acknowledged_and_filled_in_that_order() -> None:
    floor = Floor()
    floor.limit("a", "sell", 1, 6000.0)
    events = [e for e in floor.market("b", "buy", 3) if e.account_id == "b"]
    assert [e.event_type.value for e in events] == ["new", "ack", "fill", "expire"]
    assert len({e.order_id for e in events}) == 1
    assert len({e.event_id for e in events}) == 4


def test_a_limit_rests_with_what_it_did_not_find() -> None:
    floor = Floor()
    floor.limit("a", "sell", 1, 6000.0)
    floor.limit("b", "buy", 3, 6000.0)
    fills = [e for e in floor.market("c", "sell", 5) if e.event_type == "fill"]
    assert [(e.account_id, e.last_quantity) for e in fills] == [("b", 2), ("c", 2)]


def test_a_stop_waits_for_its_price_and_a_stop_limit_keeps_its_limit() -> None:
    floor = Floor()
    floor.limit("maker", "sell", 1, 6000.0)
    floor.limit("maker", "sell", 9, 6002.0)
    stop = {"order_type": OrderType.STOP, "stop_price": 6000.0}
    assert story(floor.market("a", "buy", 1, **stop))[-1][1] == "ack"
    both = {"order_type": OrderType.STOP_LIMIT, "stop_price": 6000.0, "limit_price": 6001.0}
    floor.market("b", "buy", 1, **both)
    events = floor.market("c", "buy", 1)
    assert ("a", "fill", 1, 6002.0) in story(events)
    assert not [e for e in events if e.account_id == "b"]
    assert ("b", "fill", 1, 6001.0) in story(floor.market("d", "sell", 1))


def test_a_request_seen_before_and_a_client_order_id_known_are_ignored() -> None:
    floor = Floor()
    floor.limit("a", "buy", 1, 6000.0, event_id="one", client_order_id="mine")
    assert floor.limit("a", "buy", 1, 6000.0, event_id="one", client_order_id="mine") == []
    assert floor.limit("a", "buy", 1, 6000.0, event_id="two", client_order_id="mine") == []
    assert floor.limit("b", "buy", 1, 6000.0, client_order_id="mine")
    assert len(floor.venue.accepted) == 2


def test_a_replace_changes_size_and_price_and_loses_the_place() -> None:
    floor = Floor()
    floor.limit("a", "buy", 2, 6000.0, client_order_id="x")
    floor.limit("b", "buy", 2, 6000.0)
    (event,) = floor.send(
        "a",
        EventType.REPLACE,
        "buy",
        3,
        client_order_id="x",
        order_type=OrderType.LIMIT,
        limit_price=6000.0,
    )
    assert (event.event_type, event.quantity) == ("replace", 3)
    fills = [e for e in floor.market("c", "sell", 4) if e.event_type == "fill"]
    assert [(e.account_id, e.last_quantity) for e in fills if e.account_id != "c"] == [
        ("b", 2),
        ("a", 2),
    ]


def test_a_cancel_ends_an_order_and_one_too_late_is_rejected() -> None:
    floor = Floor()
    floor.limit("a", "buy", 2, 6000.0, client_order_id="x")
    (event,) = floor.send("a", EventType.CANCEL, "buy", 2, client_order_id="x")
    assert event.event_type == "cancel"
    (event,) = floor.send("a", EventType.CANCEL, "buy", 2, client_order_id="x")
    assert event.event_type == "reject"


@pytest.mark.parametrize(("answer", "kinds"), [(Answer.REJECT, ["reject"]), (Answer.SILENCE, [])])
def test_a_request_may_be_rejected_or_lost(answer: Answer, kinds: list[str]) -> None:
    floor = Floor(answer=lambda request: answer)
    assert [e.event_type.value for e in floor.limit("a", "buy", 1, 6000.0)] == kinds
    assert floor.venue.accepted == []


def test_requests_of_one_account_arrive_in_the_order_in_which_they_were_sent() -> None:
    venue = Venue({"ES": 0.25}, np.random.default_rng(3), delay=Delay(0, 1_000_000))
    for number in range(50):
        venue.submit(OrderEvent(number, "a", "ES", Side.BUY, 1, f"{number}", EventType.NEW))
    seen = [e.client_order_id or "" for e in venue.advance(10**12) if e.event_type == "new"]
    assert len(seen) == 50
    assert [e.event_id for e in venue.accepted] == [f"{number}" for number in range(50)]


def test_the_same_seed_gives_the_same_day() -> None:
    def day(seed: int) -> list[OrderEvent]:
        rng = np.random.default_rng(seed)
        venue = Venue({"ES": 0.25}, rng)
        flow = QuoteFlow(venue, "ES", price_ticks=24_000, tick_size=0.25, rng=rng)
        flow.advance(1)
        flow.advance(5_000_000_000)
        return venue.advance(6_000_000_000)

    assert day(1) == day(1)
    assert day(1) != day(2)
    assert any(event.event_type == "fill" for event in day(1))
