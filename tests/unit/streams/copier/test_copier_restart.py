"""A copier killed anywhere goes on from an older state: the venue gets every order exactly once."""

import json
from typing import Any

import numpy as np
import pytest
from helpers.copying import (
    FOLLOWER,
    INSTRUMENTS,
    SECOND_NS,
    LiveMarket,
    Stage,
    copy_plan,
    follower_plan,
    one_follower,
    quick_drift,
    size,
    terms,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.copier import Action, Copier, CopierStateError
from streams.copier.plan import CopyMode, Limits, Plan, Rounding
from streams.orderevents import EventType, OrderEvent, OrderType
from streams.simulator.venue import Answer, Venue


def busy_market(mode: CopyMode, seed: int) -> LiveMarket:
    """Three followers, brackets, rejects, lost orders, a lock, all in half a minute."""
    rng = np.random.default_rng([seed, 7])

    def answer(request: OrderEvent) -> Answer:
        if request.copy_group_id is None:
            return Answer.ACCEPT
        share = rng.random()
        return Answer.REJECT if share < 0.05 else Answer.SILENCE if share < 0.1 else Answer.ACCEPT

    plan = copy_plan(
        follower_plan("a", size=size("0.5", rounding=Rounding.CARRY)),
        follower_plan("b", size=size(-2), limits=Limits(daily_loss_cents=500_000)),
        follower_plan("c", size=size("1.5", target=True)),
        mode=mode,
        drift=quick_drift(),
    )
    market = LiveMarket(plan, seed, answer=answer)
    market.run(1)
    for _ in range(8):
        side, other = ("buy", "sell") if rng.random() < 0.5 else ("sell", "buy")
        lots = int(rng.integers(1, 5))
        away = 2.0 if side == "buy" else -2.0
        price = market.venue.last_price("ES") or 6000.0
        market.lead(side, lots)
        stop = market.lead(other, lots, order_type=OrderType.STOP, stop_price=price - away)
        market.lead(other, lots, order_type=OrderType.LIMIT, limit_price=price + away)
        market.run(float(rng.choice([0.25, 1.0, 4.0])))
        market.cancel(stop, other, lots)
    market.run(8)
    return market


def replayed(plan: Plan, log: list[Any], kept: int, killed: int) -> list[OrderEvent]:
    """What is sent by a copier saved after `kept` events and killed after `killed`."""
    first = Copier(plan, INSTRUMENTS)
    saved = json.dumps(first.snapshot())
    actions: list[Action] = []
    for number, event in enumerate(log[:killed]):
        if number == kept:
            saved = json.dumps(first.snapshot())
        actions += first.process(event)
    second = Copier(plan, INSTRUMENTS)
    second.restore(json.loads(saved))
    for event in log[kept:] if kept < killed else log:
        actions += second.process(event)
    return [action for action in actions if isinstance(action, OrderEvent)]


def recorded(plan: Plan) -> tuple[Stage, list[Any]]:
    """A stage, and the list in which its events will stand."""
    stage = Stage(plan)
    log: list[Any] = []
    give = stage.give
    stage.give = lambda event: (log.append(event), give(event))[1]  # type: ignore[method-assign]
    return stage, log


def assert_the_same_wherever_killed(stage: Stage, log: list[Any]) -> None:
    straight = at_the_venue(stage.all_sent)
    for killed in range(1, len(log) + 1):
        for kept in range(killed):
            assert at_the_venue(replayed(stage.plan, log, kept, killed)) == straight


def at_the_venue(requests: list[OrderEvent]) -> dict[str, OrderEvent]:
    """Requests as the venue counts them: the first of each event id."""
    found: dict[str, OrderEvent] = {}
    for request in requests:
        assert found.setdefault(request.event_id, request) == request
    return found


@settings(deadline=None, max_examples=6)
@given(st.sampled_from(list(CopyMode)), st.integers(0, 10_000), st.data())
def test_killed_anywhere_it_sends_the_same_orders(
    mode: CopyMode, seed: int, data: st.DataObject
) -> None:
    market = busy_market(mode, seed)
    straight = at_the_venue(market.sent)
    assert straight
    for _ in range(8):
        killed = data.draw(st.integers(1, len(market.log)))
        kept = data.draw(st.integers(max(0, killed - 40), killed - 1))
        again = at_the_venue(replayed(market.plan, market.log, kept, killed))
        assert again == straight


def test_killed_at_every_step_it_sends_the_same_orders() -> None:
    stage, log = recorded(one_follower(size=size("0.5")))
    stage.trades("buy", 3, "L1")
    (stop,) = stage.places("sell", 3, "L2", stop_price=5990.0)
    stage.ack(stop)
    stage.trades("sell", 1, "L3")
    stage.changes("sell", 2, "L2", stop_price=5995.0)
    stage.wait(3)
    stage.trades("sell", 2, "L4")
    stage.wait(30)
    assert_the_same_wherever_killed(stage, log)


def test_killed_between_reports_it_locks_at_the_same_moment() -> None:
    stage, log = recorded(one_follower(limits=Limits(give_back_cents=50_000)))
    stage.reports(FOLLOWER, 5_000_000)
    stage.trades("buy", 1, "L1", 6000.0)
    stage.reports(FOLLOWER, 5_100_000)
    stage.trades("buy", 1, "L2", 6020.0)  # a move that the report held already
    stage.wait(1)
    stage.reports(FOLLOWER, 5_099_000)
    assert stage.copier.lock(FOLLOWER) is None
    stage.reports(FOLLOWER, 5_050_000)
    assert terms(stage.sent) == [("new", "sell", 2, "market")]
    assert_the_same_wherever_killed(stage, log)


def test_between_order_and_answer_nothing_is_sent_twice_or_forgotten() -> None:
    stage = Stage(one_follower())
    before = json.loads(json.dumps(stage.copier.snapshot()))
    new = stage.event(EventType.NEW, "buy", 2, order_id="L1")
    (order,) = stage.give(new)
    venue = Venue({"ES": 0.25}, np.random.default_rng(1))
    venue.submit(order)
    stage.copier.restore(before)  # killed before the new state was saved
    (again,) = stage.give(new)
    assert again == order
    venue.submit(again)
    venue.advance(stage.time_ns + SECOND_NS)
    assert [o.client_order_id for o in venue.accepted] == [order.client_order_id]
    stage.fill(order)
    stage.gets("buy", 2, "L1")
    assert stage.held() == 2
    assert terms(stage.places("sell", 2, "L2")) == [("new", "sell", 2, "market")]


def test_a_state_is_plain_json_and_complete() -> None:
    market = busy_market(CopyMode.ORDERS, 3)
    snapshot = market.copier.snapshot()
    assert json.loads(json.dumps(snapshot)) == snapshot
    other = Copier(market.plan, INSTRUMENTS)
    other.restore(snapshot)
    assert other.snapshot() == snapshot


@pytest.mark.parametrize(("found", "shown"), [(None, "none"), (0, "0"), ("2", "2"), (99, "99")])
def test_a_state_of_another_version_is_refused_and_the_copier_goes_on(
    found: object, shown: str
) -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    before = stage.copier.snapshot()
    other = {**Copier(stage.plan, INSTRUMENTS).snapshot(), "version": found}
    if found is None:
        del other["version"]
    with pytest.raises(CopierStateError, match=f"must be 1, was {shown}"):
        stage.copier.restore(other)
    assert stage.copier.snapshot() == before
