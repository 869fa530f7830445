"""Guards: each limit, what it does, and that the others go on."""

from datetime import UTC, datetime, timedelta

import pytest
from helpers.copying import (
    FOLLOWER,
    LEADER,
    SECOND_NS,
    Stage,
    copy_plan,
    follower_plan,
    one_follower,
    size,
    terms,
)

from streams.copier import Command, CommandKind, NoticeCode
from streams.copier.follower import FollowerState
from streams.copier.plan import Limits, Response

TICK_CENTS = 1_250  # of one ES
FEES = 280  # of one ES, in and out


def to_the_next_trading_day(stage: Stage) -> None:
    """Let time pass until just after the next 22:00 UTC."""
    now = datetime.fromtimestamp(stage.time_ns // SECOND_NS, UTC)
    start = now.replace(hour=22, minute=0, second=1)
    start += timedelta(days=start <= now)
    stage.wait((start - now).total_seconds())


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(largest_order_lots=2), NoticeCode.LARGEST_ORDER),
        (Limits(largest_position_lots=2), NoticeCode.LARGEST_POSITION),
        (Limits(largest_count=1), NoticeCode.LARGEST_COUNT),
    ],
)
@pytest.mark.parametrize("whose", ["limits", "group_limits"])
def test_an_entry_beyond_a_limit_is_not_copied(
    limits: Limits, code: NoticeCode, whose: str
) -> None:
    stage = Stage(one_follower(**{whose: limits}))
    stage.trades("buy", 1, "L1")
    assert stage.held() == 1
    assert stage.places("buy", 3, "L2") == []
    assert stage.codes() == [code]
    stage.takes_back("buy", 3, "L2")
    stage.trades("sell", 1, "L3")  # nothing holds an exit back
    assert stage.held() == 0


def test_the_position_limit_counts_entries_that_rest() -> None:
    stage = Stage(one_follower(limits=Limits(largest_position_lots=3)))
    assert stage.places("buy", 2, "L1", limit_price=5990.0)
    assert stage.places("buy", 2, "L2", limit_price=5989.0) == []
    assert stage.places("sell", 2, "L3", limit_price=6010.0)


def test_the_group_limit_counts_all_followers() -> None:
    plan = copy_plan(
        follower_plan("a"), follower_plan("b"), group_limits=Limits(largest_position_lots=3)
    )
    stage = Stage(plan)
    assert [o.account_id for o in stage.places("buy", 2, "L1")] == ["a"]
    assert stage.codes() == [NoticeCode.LARGEST_POSITION]


def test_the_count_starts_over_every_day() -> None:
    stage = Stage(one_follower(limits=Limits(largest_count=1)))
    stage.trades("buy", 1, "L1")
    to_the_next_trading_day(stage)
    stage.trades("buy", 1, "L2")
    assert stage.held() == 2


def test_a_daily_loss_flattens_and_locks_until_the_next_trading_day() -> None:
    limits = Limits(daily_loss_cents=4 * TICK_CENTS)
    stage = Stage(one_follower(limits=limits))
    stage.trades("buy", 1, "L1", 6000.0)
    stage.gets("buy", 1, "L2", 5999.0)  # the leader buys on, four ticks lower
    (close,) = stage.wait(1)
    assert terms([close]) == [("new", "sell", 1, "market")]
    stage.fill(close, price=5999.0)
    lock = stage.copier.lock(FOLLOWER)
    assert lock is not None
    assert lock.code is NoticeCode.DAILY_LOSS
    stage.trades("sell", 2, "L3", 5999.0)
    assert stage.places("buy", 1, "L4") == []
    stage.takes_back("buy", 1, "L4")
    to_the_next_trading_day(stage)
    assert stage.copier.lock(FOLLOWER) is None
    assert NoticeCode.UNLOCKED in stage.codes()
    stage.trades("buy", 1, "L5", 5999.0)
    assert stage.held() == 1


def test_a_trailing_drawdown_waits_for_a_person() -> None:
    limits = Limits(trailing_drawdown_cents=10 * TICK_CENTS)
    stage = Stage(one_follower(limits=limits))
    stage.reports(FOLLOWER, 5_000_000)
    stage.reports(FOLLOWER, 5_100_000)
    assert stage.copier.lock(FOLLOWER) is None
    stage.reports(FOLLOWER, 5_100_000 - 10 * TICK_CENTS)
    assert stage.codes() == [NoticeCode.TRAILING_DRAWDOWN]
    to_the_next_trading_day(stage)
    assert stage.places("buy", 1, "L1") == []
    stage.give(Command(stage.time_ns, CommandKind.ARM, FOLLOWER))
    assert stage.copier.lock(FOLLOWER) is None


def test_giving_back_profit_locks_though_the_day_is_won() -> None:
    stage = Stage(one_follower(limits=Limits(give_back_cents=50_000)))
    stage.reports(FOLLOWER, 5_000_000)
    stage.reports(FOLLOWER, 5_200_000)
    stage.reports(FOLLOWER, 5_151_000)
    assert stage.copier.lock(FOLLOWER) is None
    stage.reports(FOLLOWER, 5_150_000)
    assert stage.codes() == [NoticeCode.GIVE_BACK]


@pytest.mark.parametrize(
    "limits", [Limits(give_back_cents=50_000), Limits(trailing_drawdown_cents=50_000)]
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_move_that_a_report_held_is_not_counted_again_by_the_next_fill(
    limits: Limits, side: str
) -> None:
    stage = Stage(one_follower(limits=limits))
    stage.reports(FOLLOWER, 5_000_000)
    stage.trades(side, 1, "L1", 6000.0)
    moved = 100_000 if side == "buy" else -40_000  # 20 dollars up, or 8 dollars up when short
    price = 6020.0 if side == "buy" else 6008.0
    stage.reports(FOLLOWER, 5_000_000 + moved)
    stage.trades("sell" if side == "buy" else "buy", 1, "L2", price)
    stage.wait(1)
    stage.reports(FOLLOWER, 5_000_000 + moved - FEES)
    assert stage.copier.lock(FOLLOWER) is None


def test_without_fresh_reports_guards_of_money_go_by_the_fills() -> None:
    stage = Stage(one_follower(limits=Limits(daily_loss_cents=50_000)))
    stage.reports(FOLLOWER, 5_000_000)
    stage.trades("buy", 1, "L1", 6000.0)
    stage.gets("buy", 1, "L2", 5990.0)
    stage.wait(1)
    assert stage.copier.lock(FOLLOWER) is None  # the report says nothing of it yet
    stage.wait(60)  # and is too old now
    assert stage.codes()[0] is NoticeCode.DAILY_LOSS


def test_on_a_windfall_day_the_leader_goes_on_and_followers_lock_until_tomorrow() -> None:
    target_cents = 300_000
    own = follower_plan(FOLLOWER, limits=Limits(profit_target_cents=target_cents))
    stage = Stage(copy_plan(own, follower_plan("other")))
    stage.trades("buy", 1, "L1", 6000.0)
    stage.trades("buy", 1, "L2", 6017.75)  # 71 ticks, 88,750 cents less a fee: not yet 30%
    assert stage.copier.lock(FOLLOWER) is None
    stage.trades("buy", 1, "L3", 6018.5)
    assert stage.notices[0].code is NoticeCode.CONSISTENCY
    assert stage.notices[0].numbers["limit_cents"] == 90_000
    assert "30%" in stage.notices[0].text
    (copy,) = stage.places("buy", 1, "L4")  # the leader and the other follower go on
    assert copy.account_id == "other"
    to_the_next_trading_day(stage)
    assert stage.copier.lock(FOLLOWER) is None


def test_a_lock_that_holds_keeps_the_position_and_still_copies_exits() -> None:
    limits = Limits(profit_target_cents=100_000, when_locked=Response.HOLD)
    stage = Stage(one_follower(limits=limits))
    stage.trades("buy", 2, "L1", 6000.0)
    (entry,) = stage.places("buy", 2, "L2", limit_price=5990.0)
    stage.gets("buy", 1, "L3", 6020.0)
    (end,) = stage.wait(1)
    assert (end.event_type, end.client_order_id) == ("cancel", entry.client_order_id)
    assert stage.held() == 2
    stage.confirm(end)
    assert terms(stage.places("sell", 3, "L4")) == [("new", "sell", 2, "market")]


def test_a_group_lock_stops_all_followers() -> None:
    plan = copy_plan(
        follower_plan("a"), follower_plan("b"), group_limits=Limits(daily_loss_cents=10_000)
    )
    stage = Stage(plan)
    stage.reports("a", 5_000_000)
    stage.reports("b", 5_000_000)
    stage.reports("a", 4_995_000)
    assert stage.copier.lock("a") is None
    stage.reports("b", 4_995_000)
    assert stage.codes() == [NoticeCode.DAILY_LOSS]
    assert stage.places("buy", 1, "L1") == []
    assert stage.copier.lock("a") is not None


def test_no_entry_is_copied_where_the_leaders_contracts_cost_too_much_of_its_balance() -> None:
    stage = Stage(one_follower(lead_exposure_percent=30))
    assert stage.places("buy", 1, "L0") == []
    assert stage.codes() == [NoticeCode.LEAD_EXPOSURE_UNKNOWN]
    stage.takes_back("buy", 1, "L0")
    stage.reports(LEADER, 10_000_000)  # 30% are three ES by their margin
    stage.trades("buy", 3, "L1")
    assert stage.held() == 3
    assert stage.places("buy", 1, "L2") == []
    assert stage.codes()[-1] is NoticeCode.LEAD_EXPOSURE
    stage.takes_back("buy", 1, "L2")
    stage.trades("sell", 3, "L3")
    assert stage.held() == 0


def test_one_followers_breach_does_not_stop_the_others() -> None:
    plan = copy_plan(
        follower_plan("a", limits=Limits(largest_order_lots=1)),
        follower_plan("b"),
        follower_plan("c", size=size(1, minimum_lots=5)),
    )
    stage = Stage(plan)
    orders = stage.places("buy", 2, "L1")
    assert [o.account_id for o in orders] == ["b", "c"]
    stage.reject(orders[0])
    stage.fill(orders[1])
    assert stage.copier.state("b") is FollowerState.OUT_OF_SYNC
    assert (stage.copier.state("c"), stage.held("c")) == (FollowerState.ON, 5)


@pytest.mark.parametrize("kind", [CommandKind.KILL_AND_FLATTEN, CommandKind.KILL_AND_HOLD])
def test_the_kill_switch_stops_everything_and_flattens_or_holds(kind: CommandKind) -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    (entry,) = stage.places("buy", 1, "L2", limit_price=5990.0)
    stage.ack(entry)
    (end,) = stage.give(Command(stage.time_ns, kind))
    assert (end.event_type, end.client_order_id) == ("cancel", entry.client_order_id)
    orders = stage.confirm(end)
    if kind is CommandKind.KILL_AND_FLATTEN:
        assert terms(orders) == [("new", "sell", 2, "market")]
        stage.fill(orders[0])
        assert stage.held() == 0
    else:
        assert (orders, stage.held()) == ([], 2)
    assert stage.places("sell", 2, "L3") == []
    assert stage.places("buy", 2, "L4") == []
    assert stage.copier.state(FOLLOWER) is FollowerState.DISARMED


def test_the_kill_switch_reaches_one_follower_alone() -> None:
    stage = Stage(copy_plan(follower_plan("a"), follower_plan("b")))
    stage.give(Command(stage.time_ns, CommandKind.KILL_AND_HOLD, "a"))
    assert [o.account_id for o in stage.places("buy", 1, "L1")] == ["b"]
    stage.give(Command(stage.time_ns, CommandKind.ARM, "a"))
    assert [o.account_id for o in stage.places("buy", 1, "L2")] == ["a", "b"]
