"""Fills copied at market."""

from helpers.copying import Stage, one_follower, size, terms

from streams.copier import NoticeCode
from streams.copier.plan import CopyMode, Rounding, SizeMode

FILLS = CopyMode.FILLS


def test_an_order_alone_leads_to_nothing_its_fills_do() -> None:
    stage = Stage(one_follower(FILLS, size=size(2)))
    assert stage.places("buy", 3, "L1", limit_price=5990.0) == []
    assert terms(stage.gets("buy", 1, "L1")) == [("new", "buy", 2, "market")]
    assert terms(stage.gets("buy", 2, "L1")) == [("new", "buy", 4, "market")]
    assert stage.takes_back("buy", 3, "L1") == []


def test_the_fills_of_one_order_are_sized_together() -> None:
    stage = Stage(one_follower(FILLS, size=size("0.5", rounding=Rounding.DOWN)))
    stage.places("buy", 4, "L1", limit_price=5990.0)
    sizes = [sum(o.quantity for o in stage.gets("buy", 1, "L1")) for _ in range(4)]
    assert sizes == [0, 1, 0, 1]


def test_an_order_whose_fills_round_to_nothing_says_so() -> None:
    stage = Stage(one_follower(FILLS, size=size("0.1")))
    stage.places("buy", 2, "L1", limit_price=5990.0)
    stage.gets("buy", 1, "L1")
    stage.gets("buy", 1, "L1")
    assert stage.codes() == [NoticeCode.SIZE_ZERO]


def test_fixed_lots_are_sent_once_an_order() -> None:
    stage = Stage(one_follower(FILLS, size=size(3, mode=SizeMode.FIXED)))
    stage.places("buy", 5, "L1", limit_price=5990.0)
    assert [sum(o.quantity for o in stage.gets("buy", 1, "L1")) for _ in range(2)] == [3, 0]


def test_partial_closes_keep_the_share_and_flat_is_flat() -> None:
    stage = Stage(one_follower(FILLS, size=size("0.5")))
    stage.trades("buy", 6, "L1")
    assert stage.held() == 3
    stage.places("sell", 6, "L2", limit_price=6010.0)
    closed = []
    for _ in range(6):
        orders = stage.gets("sell", 1, "L2", 6010.0)
        closed.append(sum(o.quantity for o in orders))
        for order in orders:
            stage.fill(order, price=6010.0)
    assert sum(closed) == 3
    assert stage.held() == 0


def test_a_fill_that_flips_the_leader_flips_the_follower_in_one_order() -> None:
    stage = Stage(one_follower(FILLS, size=size(2)))
    stage.trades("buy", 2, "L1")
    stage.places("sell", 5, "L2")
    (order,) = stage.gets("sell", 5, "L2")
    assert terms([order]) == [("new", "sell", 10, "market")]


def test_an_inverse_follower_does_the_opposite() -> None:
    stage = Stage(one_follower(FILLS, size=size(-1)))
    stage.trades("buy", 2, "L1")
    assert stage.held() == -2
    stage.trades("sell", 2, "L2")
    assert stage.held() == 0


def test_a_target_makes_up_for_what_rounding_left() -> None:
    stage = Stage(one_follower(FILLS, size=size("0.5", target=True)))
    held = []
    for number in range(4):
        stage.trades("buy", 1, f"L{number}")
        held.append(stage.held())
    assert held == [1, 1, 2, 2]
