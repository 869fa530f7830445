"""A close and an entry in one order: limits and the leader's exposure see the entry alone."""

import pytest
from helpers.copying import FOLLOWER, LEADER, Stage, copy_plan, follower_plan, one_follower, terms

from streams.copier import NoticeCode
from streams.copier.plan import CopyMode, Limits

MODES = pytest.mark.parametrize("mode", list(CopyMode))


def turned(stage: Stage, lots: int, order_id: str = "T") -> None:
    stage.trades("sell", lots, order_id)


@MODES
@pytest.mark.parametrize("where", ["follower", "group"])
def test_the_largest_order_counts_what_opens(mode: CopyMode, where: str) -> None:
    limits = Limits(largest_order_lots=3)
    fields = {"limits": limits} if where == "follower" else {"group_limits": limits}
    stage = Stage(one_follower(mode, **fields))
    stage.trades("buy", 3, "L1")
    turned(stage, 6)
    assert (stage.held(), stage.codes()) == (-3, [])
    turned(stage, 4, "T2")
    assert stage.codes() == [NoticeCode.LARGEST_ORDER]


@MODES
@pytest.mark.parametrize("where", ["follower", "group"])
def test_the_largest_position_counts_what_is_left_of_it(mode: CopyMode, where: str) -> None:
    limits = Limits(largest_position_lots=4)
    fields = {"limits": limits} if where == "follower" else {"group_limits": limits}
    stage = Stage(one_follower(mode, **fields))
    stage.trades("buy", 2, "L1")
    turned(stage, 5)
    assert stage.held() == -3
    turned(stage, 1, "T2")
    assert (stage.held(), stage.codes()) == (-4, [])
    turned(stage, 1, "T3")
    assert (stage.held(), stage.codes()) == (-4, [NoticeCode.LARGEST_POSITION])


def test_an_entry_beside_a_turnaround_in_the_market_counts_once() -> None:
    """Long 2; a turnaround of 5 and another lot lead to 4 short, not to 6."""
    stage = Stage(one_follower(limits=Limits(largest_position_lots=4)))
    stage.trades("buy", 2, "L1")
    stage.places("sell", 5, "L2")
    assert terms(stage.places("sell", 1, "L3")) == [("new", "sell", 1, "market")]
    assert stage.codes() == []
    assert stage.places("sell", 1, "L4") == []
    assert stage.codes() == [NoticeCode.LARGEST_POSITION]


def test_what_two_orders_would_both_close_counts_for_one() -> None:
    """Long 2; limits of 5 and of 3: both filled they lead to 6 short."""
    stage = Stage(one_follower(limits=Limits(largest_position_lots=5)))
    stage.trades("buy", 2, "L1")
    assert stage.places("sell", 5, "L2", limit_price=6010.0)
    copies = stage.places("sell", 3, "L3", limit_price=6011.0)
    assert terms(copies) == [("new", "sell", 2, "limit")], "the exit goes through"
    assert stage.codes() == [NoticeCode.LARGEST_POSITION]


def test_a_refused_turnaround_still_closes() -> None:
    stage = Stage(one_follower(limits=Limits(largest_order_lots=2)))
    stage.trades("buy", 2, "L1")
    turned(stage, 5)
    assert (stage.held(), stage.codes()) == (0, [NoticeCode.LARGEST_ORDER])


def test_an_exit_made_a_turnaround_counts_what_it_opens() -> None:
    stage = Stage(one_follower(limits=Limits(largest_order_lots=2, largest_position_lots=2)))
    stage.trades("buy", 2, "L1")
    stage.places("sell", 2, "L2", limit_price=6010.0)
    assert terms(stage.changes("sell", 4, "L2", limit_price=6010.0)) == [
        ("replace", "sell", 4, "limit")
    ]
    assert stage.codes() == []
    assert stage.changes("sell", 5, "L2", limit_price=6010.0) == []
    assert NoticeCode.LARGEST_ORDER in stage.codes()


@MODES
def test_the_leaders_exposure_counts_the_position_it_turns_to(mode: CopyMode) -> None:
    """10,000 dollars a contract, 30% of 100,000: three contracts either way."""
    stage = Stage(copy_plan(mode=mode, lead_exposure_percent=30))
    stage.reports(LEADER, 10_000_000)
    stage.trades("buy", 2, "L1")
    turned(stage, 5)
    assert (stage.held(), stage.codes()) == (-3, [])
    turned(stage, 1, "T2")
    assert stage.codes() == [NoticeCode.LEAD_EXPOSURE]


def test_an_exit_made_a_turnaround_by_a_change_is_measured_by_what_it_opens() -> None:
    stage = Stage(copy_plan(lead_exposure_percent=30))
    stage.reports(LEADER, 10_000_000)
    stage.trades("buy", 2, "L1")
    stage.places("sell", 2, "L2", limit_price=6010.0)
    assert stage.changes("sell", 5, "L2", limit_price=6010.0)
    assert stage.codes() == []
    stage.changes("sell", 6, "L2", limit_price=6010.0)
    assert stage.codes() == [NoticeCode.LEAD_EXPOSURE]


def test_a_turnaround_of_one_follower_leaves_room_in_the_group() -> None:
    stage = Stage(
        copy_plan(
            follower_plan(FOLLOWER),
            follower_plan("second"),
            group_limits=Limits(largest_position_lots=6),
        )
    )
    stage.trades("buy", 2, "L1")
    turned(stage, 5)
    assert (stage.held(), stage.held("second"), stage.codes()) == (-3, -3, [])
