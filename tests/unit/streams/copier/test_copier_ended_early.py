"""An order of the leader that ends before it has filled: its copy keeps the share that filled."""

from fractions import Fraction

from helpers.copying import (
    FOLLOWER,
    Stage,
    one_follower,
    quick_drift,
    size,
    terms,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.copier import NoticeCode
from streams.copier.follower import FollowerState
from streams.copier.plan import Limits, Response, Rounding, SizeMode
from streams.copier.sizing import rounded_lots
from streams.orderevents import EventType


def test_an_entry_filled_beyond_the_leaders_is_trimmed_to_the_share() -> None:
    stage = Stage(one_follower(size=size("0.5")))
    (order,) = stage.places("buy", 8, "L1", limit_price=5990.0)
    stage.gets("buy", 4, "L1", 5990.0)
    stage.fill(order, price=5990.0)
    assert stage.held() == 4, "until the leader's order ends it may still fill"
    (close,) = stage.takes_back("buy", 8, "L1")
    assert terms([close]) == [("new", "sell", 2, "market")]
    assert (close.copy_group_id, close.automated) == ("plan", True)
    assert stage.codes() == [NoticeCode.OVERFILLED]
    stage.fill(close)
    stage.wait(60)
    assert (stage.held(), stage.copier.state(FOLLOWER)) == (2, FollowerState.ON)


def test_an_entry_that_the_leader_never_got_is_closed_though_it_holds_others() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    (order,) = stage.places("buy", 4, "L2", limit_price=5990.0)
    stage.fill(order, price=5990.0)
    (close,) = stage.takes_back("buy", 4, "L2")
    assert terms([close]) == [("new", "sell", 4, "market")]
    stage.fill(close)
    assert stage.held() == 2


def test_an_entry_that_fills_while_its_cancel_is_on_the_way_is_trimmed_then() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 1, "L1")
    (order,) = stage.places("buy", 4, "L2", limit_price=5990.0)
    stage.gets("buy", 1, "L2", 5990.0)
    assert terms(stage.takes_back("buy", 4, "L2")) == [("replace", "buy", 1, "limit")]
    (close,) = stage.fill(order, 3, 5990.0)
    assert terms([close]) == [("new", "sell", 2, "market")]
    (more,) = stage.fill(order, 1, 5990.0)
    assert terms([more]) == [("new", "sell", 1, "market")]
    stage.fill(close)
    stage.fill(more)
    assert stage.held() == 2


def test_an_entry_short_of_its_share_stays_in_the_market_for_that_and_is_due() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 4, "L1", limit_price=5990.0)
    stage.ack(order)
    stage.gets("buy", 2, "L1", 5990.0)
    (change,) = stage.takes_back("buy", 4, "L1")
    assert terms([change]) == [("replace", "buy", 2, "limit")]
    stage.fill(order, 2, 5990.0)
    assert stage.held() == 2
    stage.wait(60)
    assert (stage.codes(), stage.copier.state(FOLLOWER)) == ([], FollowerState.ON)


def test_an_entry_short_of_its_share_falls_out_when_it_is_overdue() -> None:
    stage = Stage(one_follower(drift=quick_drift()))
    (order,) = stage.places("buy", 4, "L1", limit_price=5990.0)
    stage.ack(order)
    stage.gets("buy", 2, "L1", 5990.0)
    (change,) = stage.takes_back("buy", 4, "L1")
    stage.confirm(change)
    (end,) = stage.wait(3)
    assert end.event_type is EventType.CANCEL
    assert stage.codes() == [NoticeCode.UNFILLED]
    assert stage.copier.state(FOLLOWER) is FollowerState.OUT_OF_SYNC


def test_an_exit_short_of_its_share_is_closed_at_market_when_it_is_overdue() -> None:
    stage = Stage(one_follower(drift=quick_drift()))
    stage.trades("buy", 4, "L1")
    (order,) = stage.places("sell", 4, "L2", limit_price=6010.0)
    stage.ack(order)
    stage.gets("sell", 2, "L2", 6010.0)
    (change,) = stage.takes_back("sell", 4, "L2")
    assert terms([change]) == [("replace", "sell", 2, "limit")]
    stage.confirm(change)
    (end,) = stage.wait(3)
    (close,) = stage.confirm(end)
    assert terms([close]) == [("new", "sell", 2, "market")]
    stage.fill(close)
    assert (stage.held(), stage.copier.state(FOLLOWER)) == (2, FollowerState.ON)


def test_a_partial_exit_overdue_is_closed_at_market_while_the_leader_still_holds() -> None:
    stage = Stage(one_follower(drift=quick_drift()))
    stage.trades("buy", 4, "L1")
    (order,) = stage.places("sell", 1, "L2", limit_price=6010.0)
    stage.ack(order)
    stage.gets("sell", 1, "L2", 6010.0)
    (end,) = stage.wait(3)
    assert terms(stage.confirm(end)) == [("new", "sell", 1, "market")]


def test_an_exit_filled_beyond_the_leaders_is_told_and_not_opened_again() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 4, "L1")
    (order,) = stage.places("sell", 4, "L2", limit_price=6010.0)
    stage.fill(order, price=6010.0)
    stage.gets("sell", 1, "L2", 6010.0)
    assert stage.takes_back("sell", 4, "L2") == []
    assert (stage.held(), stage.codes()) == (0, [NoticeCode.OVERFILLED])
    stage.trades("sell", 3, "L3")
    assert stage.held() == 0


def test_fixed_lots_stay_whole_where_the_leader_got_anything() -> None:
    stage = Stage(one_follower(size=size(3, mode=SizeMode.FIXED)))
    (order,) = stage.places("buy", 4, "L1", limit_price=5990.0)
    stage.fill(order, price=5990.0)
    stage.gets("buy", 1, "L1", 5990.0)
    assert stage.takes_back("buy", 4, "L1") == []
    assert (stage.held(), stage.codes()) == (3, [])


def test_a_share_is_not_below_the_smallest_entry() -> None:
    stage = Stage(one_follower(size=size(minimum_lots=2)))
    (order,) = stage.places("buy", 4, "L1", limit_price=5990.0)
    stage.fill(order, price=5990.0)
    stage.gets("buy", 1, "L1", 5990.0)
    assert terms(stage.takes_back("buy", 4, "L1")) == [("new", "sell", 2, "market")]


def test_a_stale_balance_does_not_trim_what_was_sized_by_a_fresh_one() -> None:
    stage = Stage(one_follower(size=size(1, mode=SizeMode.EQUITY)))
    stage.reports("leader", 10_000_000)
    stage.reports(FOLLOWER, 5_000_000)
    (order,) = stage.places("buy", 4, "L1", limit_price=5990.0)
    stage.fill(order, price=5990.0)
    stage.gets("buy", 2, "L1", 5990.0)
    stage.wait(61)
    assert terms(stage.takes_back("buy", 4, "L1")) == [("new", "sell", 1, "market")]


def test_a_follower_held_out_of_step_is_not_traded_for_a_share() -> None:
    stage = Stage(one_follower(limits=Limits(when_locked=Response.HOLD)))
    (order,) = stage.places("buy", 4, "L1", limit_price=5990.0)
    stage.fill(order, price=5990.0)
    stage.gets("buy", 2, "L1", 5990.0)
    follower = stage.copier._group.followers[FOLLOWER]
    follower.state = FollowerState.DISARMED
    assert stage.takes_back("buy", 4, "L1") == []
    assert stage.held() == 4


@settings(deadline=None)
@given(
    st.sampled_from(["0.5", "1", "1.5", "2", "-1"]),
    st.sampled_from([Rounding.DOWN, Rounding.NEAREST]),
    st.integers(1, 8),
    st.data(),
)
def test_however_both_fill_the_follower_ends_with_the_share_of_what_the_leader_got(
    ratio: str, rounding: Rounding, lots: int, data: st.DataObject
) -> None:
    """Fills of both in any order, of the copy also after the leader's order was canceled."""
    stage = Stage(one_follower(size=size(ratio, rounding=rounding)))
    stage.trades("buy", 2, "L1")
    base = stage.held()
    sent = stage.places("buy", lots, "L2", limit_price=5990.0)
    got = data.draw(st.integers(0, lots - 1))
    leaders = [1] * got
    if not sent:  # rounds to zero
        assert abs(Fraction(ratio)) * lots < 1
        return
    (copy,) = sent
    copies = [1] * data.draw(st.integers(0, copy.quantity))
    in_time = data.draw(st.integers(0, len(copies)))
    for fills_leader in data.draw(st.permutations([True] * got + [False] * in_time)):
        if fills_leader:
            stage.gets("buy", leaders.pop(), "L2", 5990.0)
        else:
            stage.fill(copy, copies.pop(), 5990.0)
    waiting = stage.takes_back("buy", lots, "L2")
    closes = [order for order in waiting if order.event_type is EventType.NEW]
    for _ in copies:  # while the cancel or the change is on its way
        closes += stage.fill(copy, 1, 5990.0)
    for order in closes:
        stage.fill(order)
    share = rounded_lots(copy.quantity * got, lots, rounding)
    sign = -1 if Fraction(ratio) < 0 else 1
    filled = in_time + len(copies)
    assert stage.held() == base + sign * min(filled, share)
    assert (NoticeCode.OVERFILLED in stage.codes()) == (filled > share)
