"""Drift: what puts a follower out of step, what is done, and how it comes back."""

from helpers.copying import FOLLOWER, Stage, one_follower, quick_drift, size, terms

from streams.copier import NoticeCode
from streams.copier.follower import FollowerState
from streams.copier.plan import CopyMode, Response
from streams.orderevents import EventType


def test_a_reject_flattens_and_the_follower_waits_until_both_are_flat() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    (order,) = stage.places("buy", 1, "L2")
    (close,) = stage.reject(order)
    assert terms([close]) == [("new", "sell", 2, "market")]
    stage.fill(close)
    assert stage.copier.state(FOLLOWER) is FollowerState.OUT_OF_SYNC
    stage.gets("buy", 1, "L2")
    assert stage.places("buy", 1, "L3") == []
    stage.gets("buy", 1, "L3")
    assert stage.places("sell", 4, "L4") == []
    stage.gets("sell", 4, "L4")
    assert stage.copier.state(FOLLOWER) is FollowerState.ON
    stage.trades("buy", 1, "L5")
    assert stage.held() == 1


def test_a_reject_may_leave_the_position_and_exits_are_still_copied() -> None:
    stage = Stage(one_follower(drift=quick_drift(on_breach=Response.HOLD)))
    stage.trades("buy", 2, "L1")
    (order,) = stage.places("buy", 1, "L2")
    assert stage.reject(order) == []
    stage.gets("buy", 1, "L2")
    assert stage.places("buy", 1, "L3") == []
    stage.takes_back("buy", 1, "L3")
    stage.trades("sell", 3, "L4")
    assert (stage.held(), stage.copier.state(FOLLOWER)) == (0, FollowerState.ON)


def test_a_rejected_close_disarms_and_says_that_a_person_is_needed() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    (exit_,) = stage.places("sell", 2, "L2")
    (close,) = stage.reject(exit_)
    assert terms([close]) == [("new", "sell", 2, "market")]
    assert stage.reject(close) == []
    assert stage.copier.state(FOLLOWER) is FollowerState.DISARMED
    assert stage.codes()[-1] is NoticeCode.DISARMED
    assert stage.wait(60) == []


def test_an_entry_overdue_is_canceled_and_what_it_filled_is_closed() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 3, "L1", limit_price=5990.0)
    stage.ack(order)
    stage.fill(order, 1)
    stage.wait(60)
    assert stage.sent == [], "the leader waits as well"
    stage.gets("buy", 3, "L1", 5990.0)
    assert stage.wait(9) == []
    (end,) = stage.wait(1)
    assert end.event_type is EventType.CANCEL
    assert stage.codes() == [NoticeCode.UNFILLED]
    (close,) = stage.confirm(end)
    assert terms([close]) == [("new", "sell", 1, "market")]


def test_an_exit_overdue_is_canceled_and_the_rest_closed_at_market() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    (order,) = stage.places("sell", 2, "L2", limit_price=6010.0)
    stage.ack(order)
    stage.gets("sell", 2, "L2", 6010.0)
    assert stage.wait(9) == []
    (end,) = stage.wait(1)
    (close,) = stage.confirm(end)
    assert terms([end, close]) == [("cancel", "sell", 2, "limit"), ("new", "sell", 2, "market")]


def test_a_position_against_the_leader_is_closed_when_it_lasts() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 1, "L1")
    by_hand = stage.event(
        EventType.FILL, "sell", 3, account_id=FOLLOWER, last_quantity=3, last_price=6000.0
    )
    stage.give(by_hand)
    assert stage.held() == -2
    assert stage.wait(10) == []
    (close,) = stage.wait(10)
    assert terms([close]) == [("new", "buy", 2, "market")]
    assert NoticeCode.OPPOSITE in stage.codes()


def test_a_target_follower_is_brought_to_its_target_when_a_difference_lasts() -> None:
    stage = Stage(one_follower(CopyMode.FILLS, size=size(2, target=True)))
    stage.trades("buy", 2, "L1")
    by_hand = stage.event(
        EventType.FILL, "sell", 1, account_id=FOLLOWER, last_quantity=1, last_price=6000.0
    )
    stage.give(by_hand)
    assert stage.wait(10) == []
    (order,) = stage.wait(10)
    assert terms([order]) == [("new", "buy", 1, "market")]
    stage.fill(order)
    assert stage.held() == 4
    assert stage.wait(30) == []


def test_a_target_follower_comes_back_without_the_leader_being_flat() -> None:
    stage = Stage(one_follower(CopyMode.FILLS, size=size(1, target=True)))
    (order,) = stage.gets("buy", 2, "L1")
    stage.reject(order)
    assert stage.copier.state(FOLLOWER) is FollowerState.OUT_OF_SYNC
    stage.trades("sell", 2, "L2")
    stage.wait(10)
    assert stage.copier.state(FOLLOWER) is FollowerState.ON


def test_a_refused_cancel_is_asked_once_more_when_its_time_is_over() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 2, "L1", limit_price=5990.0)
    stage.ack(order)
    (end,) = stage.takes_back("buy", 2, "L1")
    assert stage.reject(end) == []
    (again,) = stage.wait(5)
    assert again.event_type is EventType.CANCEL
    assert again.event_id != end.event_id
    (close,) = stage.fill(order)
    assert terms([close]) == [("new", "sell", 2, "market")]


def test_a_change_refused_because_the_order_has_filled_ends_it() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 2, "L1", limit_price=5990.0)
    stage.ack(order)
    (change,) = stage.changes("buy", 3, "L1", limit_price=5990.0)
    stage.fill(order)
    stage.reject(change._replace(quantity=2))
    stage.gets("buy", 3, "L1", 5990.0)
    assert stage.wait(60) == []
    stage.trades("sell", 3, "L2")
    assert stage.held() == 0


def test_a_close_that_finds_nobody_waits_before_it_is_sent_again() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    (close,) = stage.places("sell", 2, "L2")
    stage.gets("sell", 2, "L2")
    expired = close._replace(event_id="expired", event_type=EventType.EXPIRE)
    assert stage.give(expired) == []
    assert terms(stage.wait(1)) == [("new", "sell", 2, "market")]


def test_an_order_the_venue_ended_is_not_missed_while_the_leader_is_out() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 2, "L1")
    expired = order._replace(event_id="expired", event_type=EventType.EXPIRE)
    assert stage.give(expired) == []
    stage.gets("buy", 2, "L1")
    assert stage.places("sell", 2, "L2") == []
    assert stage.held() == 0
