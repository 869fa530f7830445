"""A leader's exit left in the market until there is nothing left to close, and then it fills."""

import pytest
from helpers.copying import LEADER, Stage, one_follower, terms

from streams.copier import NoticeCode


def with_exit_left(price: dict[str, float], **fields: object) -> Stage:
    """A leader that closed at market and left its exit where it was."""
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    (copy,) = stage.places("sell", 2, "L2", **price, **fields)
    stage.ack(copy)
    (close,) = stage.places("sell", 2, "L3")
    stage.gets("sell", 2, "L3")
    (end,) = stage.fill(close)
    assert terms([end]) == [("cancel", "sell", 2, copy.order_type.value)]
    stage.confirm(end)
    return stage


@pytest.mark.parametrize("price", [{"limit_price": 6010.0}, {"stop_price": 5990.0}])
def test_an_exit_that_opens_when_it_fills_is_told_and_not_copied(price: dict[str, float]) -> None:
    stage = with_exit_left(price)
    assert stage.gets("sell", 2, "L2") == []
    notice = stage.notices[-1]
    assert (notice.account_id, notice.code) == (LEADER, NoticeCode.EXIT_OPENED)
    assert notice.numbers == {"lots": 2}
    assert (stage.held(LEADER), stage.held()) == (-2, 0)
    stage.trades("sell", 1, "L4")  # an entry on top of it is copied, and its exit closes both
    assert stage.held() == -1
    stage.trades("buy", 3, "L5")
    assert (stage.held(LEADER), stage.held()) == (0, 0)


def test_a_leg_of_a_bracket_that_fills_beside_the_other_is_told_too() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    stage.places("sell", 2, "L2", limit_price=6010.0, parent_order_id="L1")
    target = stage.sent[0]
    stage.places("sell", 2, "L3", stop_price=5990.0, parent_order_id="L1")
    stage.gets("sell", 2, "L2", 6010.0)
    stage.fill(target, price=6010.0)
    stage.gets("sell", 2, "L3", 5990.0)
    assert stage.codes() == [NoticeCode.EXIT_OPENED]
    assert stage.held() == 0


def test_an_exit_larger_than_what_is_left_closes_that_and_the_rest_is_told() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    (copy,) = stage.places("sell", 2, "L2", limit_price=6010.0)
    (close,) = stage.places("sell", 1, "L3")
    (change,) = stage.gets("sell", 1, "L3")
    assert terms([change]) == [("replace", "sell", 1, "limit")]
    stage.fill(close)
    stage.gets("sell", 2, "L2", 6010.0)
    assert stage.notices[-1].code is NoticeCode.EXIT_OPENED
    assert stage.notices[-1].numbers == {"lots": 1}
    stage.fill(copy, 1, 6010.0)
    assert (stage.held(LEADER), stage.held()) == (-1, 0)


def test_an_exit_left_and_changed_afterwards_is_an_entry() -> None:
    stage = with_exit_left({"limit_price": 6010.0})
    (copy,) = stage.changes("sell", 2, "L2", limit_price=6020.0)
    assert terms([copy]) == [("new", "sell", 2, "limit")]
    stage.gets("sell", 2, "L2", 6020.0)
    stage.fill(copy, price=6020.0)
    assert (stage.held(LEADER), stage.held()) == (-2, -2)
    assert NoticeCode.EXIT_OPENED not in stage.codes()


@pytest.mark.parametrize("entry", [{"limit_price": 6010.0}, {"stop_price": 5990.0}])
def test_an_entry_and_an_exit_that_closes_are_not_told(entry: dict[str, float]) -> None:
    stage = Stage(one_follower())
    (copy,) = stage.places("sell", 2, "L1", **entry)
    stage.gets("sell", 2, "L1")
    stage.fill(copy)
    stage.places("buy", 2, "L2", limit_price=5900.0)
    stage.gets("buy", 1, "L2", 5900.0)
    stage.gets("buy", 1, "L2", 5900.0)
    assert NoticeCode.EXIT_OPENED not in stage.codes()


def test_a_turnaround_placed_as_one_is_no_exit() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 1, "L1")
    (copy,) = stage.places("sell", 3, "L2", limit_price=6010.0)
    stage.gets("sell", 3, "L2", 6010.0)
    stage.fill(copy, price=6010.0)
    assert (stage.held(LEADER), stage.held(), stage.codes()) == (-2, -2, [])
