"""Bad input: what comes of it, and that position and stamps are right afterwards."""

import math

import pytest
from helpers.copying import FOLLOWER, LEADER, Stage, one_follower, size, terms

from streams.copier import Instrument, NoticeCode
from streams.copier.follower import FollowerState
from streams.copier.plan import CopyMode, Limits, SizeMode
from streams.orderevents import EventType, Tick


def still_works(stage: Stage) -> None:
    """The next round trip is copied under ids that were never used."""
    held = stage.held()
    stage.trades("buy", 1, "after")
    assert stage.held() == held + 1
    ids = [order.event_id for order in stage.all_sent]
    assert len(set(ids)) == len(ids)
    assert all(order.copy_group_id == "plan" and order.automated for order in stage.all_sent)


@pytest.mark.parametrize("price", [0.0, None, math.nan, math.inf])
def test_a_limit_without_a_price_is_not_copied_until_it_has_one(price: float | None) -> None:
    stage = Stage(one_follower())
    assert stage.places("buy", 1, "L1", limit_price=price) == []
    assert stage.codes() == [NoticeCode.BAD_PRICE]
    (copy,) = stage.changes("buy", 1, "L1", limit_price=5990.0)
    assert copy.limit_price == 5990.0
    still_works(stage)


def test_a_negative_price_is_a_price() -> None:
    stage = Stage(one_follower())
    (copy,) = stage.places("buy", 1, "L1", limit_price=-37.63)
    assert copy.limit_price == -37.63


def test_a_fill_without_a_price_counts_at_the_last_one() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 1, "L1", 6000.0)
    (order,) = stage.places("buy", 1, "L2")
    stage.fill(order, price=0.0)
    assert stage.held() == 2
    assert stage.copier.profit_cents(FOLLOWER) == -280  # the fees alone
    assert NoticeCode.BAD_PRICE in stage.codes()


@pytest.mark.parametrize("lots", [0, -1])
def test_an_order_without_a_quantity_is_not_copied(lots: int) -> None:
    stage = Stage(one_follower())
    assert stage.places("buy", lots, "L1") == []
    assert stage.codes() == [NoticeCode.BAD_QUANTITY]
    still_works(stage)


def test_a_fill_without_a_quantity_does_not_count() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 1, "L1")
    stage.fill(order, 0)
    assert stage.held() == 0
    stage.fill(order)
    assert stage.held() == 1
    still_works(stage)


def test_a_size_that_rounds_to_zero_is_not_sent_and_the_exit_closes_nothing() -> None:
    stage = Stage(one_follower(size=size("0.1")))
    stage.trades("buy", 2, "L1")
    assert stage.codes() == [NoticeCode.SIZE_ZERO]
    stage.trades("sell", 2, "L2")
    assert (stage.held(), stage.all_sent) == (0, [])


@pytest.mark.parametrize(
    "own", [{"size": size(1, mode=SizeMode.NOTIONAL)}, {"limits": Limits(daily_loss_cents=1)}]
)
def test_an_instrument_without_a_multiplier_is_not_copied_where_value_counts(
    own: dict[str, object],
) -> None:
    stage = Stage(one_follower(**own), [Instrument("ES", "ES", None, 0.25)])
    assert stage.places("buy", 1, "L1") == []
    assert stage.codes() == [NoticeCode.NO_MULTIPLIER]


def test_an_instrument_without_a_multiplier_is_copied_where_lots_count() -> None:
    stage = Stage(one_follower(), [])
    stage.trades("buy", 1, "L1")
    assert stage.held() == 1
    assert stage.copier.profit_cents(FOLLOWER) == 0
    still_works(stage)


def test_a_stale_balance_sizes_no_entry_but_the_exit_goes_through() -> None:
    stage = Stage(one_follower(size=size(1, mode=SizeMode.EQUITY)))
    stage.reports(LEADER, 10_000_000)
    stage.reports(FOLLOWER, 5_000_000)
    stage.trades("buy", 4, "L1")
    assert stage.held() == 2
    stage.wait(61)
    assert stage.places("buy", 4, "L2") == []
    assert NoticeCode.STALE_BALANCE in stage.codes()
    stage.takes_back("buy", 4, "L2")
    stage.trades("sell", 4, "L3")
    assert stage.held() == 0


def test_equity_moves_with_the_fills_since_the_last_report() -> None:
    stage = Stage(one_follower(size=size(1, mode=SizeMode.EQUITY)))
    stage.reports(LEADER, 10_000_000)
    stage.reports(FOLLOWER, 10_000_000)
    stage.trades("buy", 10, "L1", 6000.0)
    stage.trades("sell", 10, "L2", 5900.0)  # both lost half of it
    stage.reports(LEADER, 20_000_000)
    (copy,) = stage.places("buy", 8, "L3")
    assert copy.quantity == 2


def test_an_answer_that_never_comes_gives_the_order_up_and_cancels_it() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 2, "L1", limit_price=5990.0)
    stage.wait(4)
    assert stage.copier.state(FOLLOWER) is FollowerState.ON
    (end,) = stage.wait(1)
    assert (end.event_type, end.client_order_id) == (EventType.CANCEL, order.client_order_id)
    assert stage.copier.state(FOLLOWER) is FollowerState.OUT_OF_SYNC
    assert NoticeCode.ACK_MISSING in stage.codes()
    # It turns up after all: ended again, and what it filled is counted and closed.
    (again,) = stage.ack(order)
    assert again.event_type is EventType.CANCEL
    (close,) = stage.fill(order, 1)
    assert stage.held() == 1
    stage.takes_back("buy", 2, "L1")
    stage.fill(close)
    assert stage.held() == 0
    assert stage.copier.state(FOLLOWER) is FollowerState.ON
    still_works(stage)


def test_a_fill_of_an_unknown_order_counts_and_is_closed_with_the_leader() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 1, "L1")
    by_hand = stage.event(
        EventType.FILL, "buy", 2, account_id=FOLLOWER, last_quantity=2, last_price=6000.0
    )
    stage.give(by_hand)
    assert stage.held() == 3
    assert NoticeCode.UNKNOWN_FILL in stage.codes()
    assert terms(stage.places("sell", 1, "L2")) == [("new", "sell", 3, "market")]


def test_a_fill_of_an_unknown_order_of_the_leader_counts() -> None:
    stage = Stage(one_follower(CopyMode.FILLS))
    (order,) = stage.gets("buy", 2, "never seen")
    stage.fill(order)
    stage.trades("sell", 2, "L2")
    assert (stage.held(LEADER), stage.held()) == (0, 0)
    still_works(stage)


def test_a_repeated_event_counts_once() -> None:
    stage = Stage(one_follower())
    new = stage.event(EventType.NEW, "buy", 1, order_id="L1")
    (order,) = stage.give(new)
    assert stage.give(new) == []
    fill = order._replace(
        event_id="fill", event_type=EventType.FILL, last_quantity=1, last_price=6000.0
    )
    stage.give(fill)
    stage.give(fill)
    assert stage.held() == 1
    still_works(stage)


def test_a_fill_before_its_acknowledgment_is_understood() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 1, "L1")
    stage.fill(order)
    assert stage.ack(order) == []
    stage.wait(30)
    assert (stage.held(), stage.copier.state(FOLLOWER)) == (1, FollowerState.ON)


def test_a_cancel_before_its_order_leaves_nothing_in_the_market() -> None:
    stage = Stage(one_follower())
    assert stage.takes_back("buy", 1, "L1") == []
    assert stage.places("buy", 1, "L1", limit_price=5990.0) == []
    still_works(stage)


def test_a_fill_before_its_order_counts_once() -> None:
    stage = Stage(one_follower())
    stage.gets("buy", 2, "L1")
    (order,) = stage.places("buy", 2, "L1")
    assert terms([order]) == [("new", "buy", 2, "market")]
    stage.fill(order)
    stage.trades("sell", 2, "L2")
    assert (stage.held(LEADER), stage.held()) == (0, 0)


def test_time_does_not_go_back() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 1, "L1", event_time_ns=stage.time_ns + 10)
    later = stage.places("buy", 1, "L2", event_time_ns=stage.time_ns - 4_000_000_000)
    assert later[0].event_time_ns == order.event_time_ns
    assert stage.give(Tick(0)) == []


def test_a_fill_larger_than_its_order_counts_in_full() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 1, "L1")
    stage.fill(order, 3)
    assert stage.held() == 3
    stage.gets("buy", 1, "L1")
    assert terms(stage.places("sell", 1, "L2")) == [("new", "sell", 3, "market")]
