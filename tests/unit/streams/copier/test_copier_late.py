"""Entries that come long after the leader sent them, and answers that are still on their way."""

import pytest
from helpers.copying import FOLLOWER, SECOND_NS, START_NS, Stage, one_follower, size, terms

from streams.copier import Command, CommandKind, NoticeCode
from streams.copier.follower import FollowerState
from streams.copier.plan import CopyMode, DriftRules
from streams.orderevents import AccountUpdate, EventType, Tick


def behind(stage: Stage, seconds: float) -> None:
    """Move the copier's time on; what the stage writes next is so much older."""
    stage.give(Tick(stage.time_ns + int(seconds * SECOND_NS), catches_up=True))


@pytest.mark.parametrize("mode", list(CopyMode))
def test_an_entry_older_than_the_limit_is_not_copied_and_said_once(mode: CopyMode) -> None:
    stage = Stage(one_follower(mode))
    behind(stage, 6)
    stage.places("buy", 2, "1")
    stage.gets("buy", 2, "1")
    assert stage.all_sent == []
    assert stage.codes() == [NoticeCode.LATE_ENTRY]
    assert stage.notices[0].account_id == "leader"
    assert "5.9" in stage.notices[0].text or "6.0" in stage.notices[0].text


@pytest.mark.parametrize("mode", list(CopyMode))
def test_an_entry_within_the_limit_is_copied(mode: CopyMode) -> None:
    stage = Stage(one_follower(mode))
    behind(stage, 4.9)
    stage.places("buy", 2, "1")
    stage.gets("buy", 2, "1")
    assert terms(stage.all_sent) == [("new", "buy", 2, "market")]
    assert stage.codes() == []


@pytest.mark.parametrize("mode", list(CopyMode))
def test_a_late_exit_is_copied(mode: CopyMode) -> None:
    stage = Stage(one_follower(mode))
    stage.trades("buy", 2, "1")
    assert stage.held() == 2
    behind(stage, 3_600)
    stage.places("sell", 2, "2")
    stage.gets("sell", 2, "2")
    assert terms(stage.all_sent[1:]) == [("new", "sell", 2, "market")]
    assert stage.codes() == []


def test_a_late_turnaround_closes_and_opens_nothing() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "1")
    behind(stage, 60)
    stage.places("sell", 5, "2")
    stage.fill_all()
    assert stage.held() == 0
    assert NoticeCode.LATE_ENTRY in stage.codes()


def test_an_order_that_grows_late_keeps_its_size() -> None:
    stage = Stage(one_follower())
    stage.places("buy", 2, "1", limit_price=6000.0)
    stage.ack(stage.sent[0])
    behind(stage, 60)
    stage.changes("buy", 5, "1", limit_price=6000.0)
    assert [order.quantity for order in stage.sent] in ([], [2])
    assert NoticeCode.LATE_ENTRY in stage.codes()


def test_the_next_entry_in_time_is_copied_again() -> None:
    stage = Stage(one_follower())
    behind(stage, 10)
    stage.places("buy", 1, "1")
    stage.time_ns += 10 * SECOND_NS
    stage.places("buy", 1, "2")
    assert [order.parent_order_id for order in stage.all_sent] == ["2"]


def test_the_limit_is_the_plans() -> None:
    stage = Stage(one_follower(drift=DriftRules(late_entry_s=60)))
    behind(stage, 59)
    assert stage.places("buy", 1, "1")
    behind(stage, 61)
    assert not stage.places("buy", 1, "2")


def test_a_follower_with_a_target_is_brought_there_all_the_same() -> None:
    """It asks for a position, not for orders: the periodic comparison gives it what it lacks."""
    stage = Stage(one_follower(size=size(1, target=True)))
    behind(stage, 6)
    stage.places("buy", 2, "1")
    stage.gets("buy", 2, "1")
    assert stage.all_sent == []
    for _ in range(40):
        stage.wait(1)
        stage.fill_all()
    assert stage.held() == 2


def test_while_catching_up_no_answer_is_missed() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 1, "1")
    stage.give(Tick(stage.time_ns + 60 * SECOND_NS, catches_up=True))
    assert stage.copier.state(FOLLOWER) is FollowerState.ON
    stage.ack(order)
    stage.fill(order)
    stage.gets("buy", 1, "1")
    stage.give(Tick(stage.time_ns + 61 * SECOND_NS))
    assert stage.copier.state(FOLLOWER) is FollowerState.ON
    assert stage.codes() == []


def test_without_catching_up_the_answer_is_missed() -> None:
    stage = Stage(one_follower())
    stage.places("buy", 1, "1")
    stage.wait(60)
    assert NoticeCode.ACK_MISSING in stage.codes()


def test_a_refused_change_that_names_no_quantity_leaves_the_order_as_it_is() -> None:
    stage = Stage(one_follower())
    (order,) = stage.places("buy", 2, "1", limit_price=6000.0)
    stage.ack(order)
    refusal = stage._answer(order, EventType.REJECT)._replace(quantity=0)
    stage.give(refusal)
    stage.gets("buy", 2, "1")
    stage.fill(order)
    assert stage.held() == 2
    assert NoticeCode.UNKNOWN_FILL not in stage.codes()


def test_a_command_says_why() -> None:
    stage = Stage(one_follower())
    stage.give(Command(START_NS, CommandKind.KILL_AND_HOLD, FOLLOWER, "no declaration"))
    assert stage.notices[-1].text == "no declaration"


def test_positions_targets_and_idleness_are_told() -> None:
    stage = Stage(one_follower(size=size(2)))
    assert stage.copier.is_idle
    stage.places("buy", 3, "1", limit_price=6000.0)
    assert not stage.copier.is_idle
    stage.gets("buy", 3, "1")
    stage.fill(stage.all_sent[0], lots=4)
    assert stage.copier.positions("leader") == {"ES": 3}
    assert stage.copier.positions(FOLLOWER) == {"ES": 4}
    assert stage.copier.targets(FOLLOWER) == {"ES": 6}
    assert not stage.copier.is_idle
    stage.fill(stage.all_sent[0], lots=2)
    stage.trades("sell", 3, "2")
    assert stage.copier.positions(FOLLOWER) == {}
    assert stage.copier.is_idle
    stage.give(AccountUpdate(stage.time_ns, FOLLOWER, 1, 1))
    assert stage.copier.is_idle
