"""Orders copied as orders: their whole life, brackets, partial fills and closes."""

import pytest
from helpers.copying import FOLLOWER, Stage, one_follower, size, terms

from streams.copier import NoticeCode
from streams.copier.plan import Rounding, SizeMode, Translation
from streams.orderevents import EventType, OrderType


def test_an_order_is_copied_with_its_prices_and_the_stamps_of_a_copy() -> None:
    stage = Stage(one_follower(size=size(2)))
    (copy,) = stage.places("buy", 3, "L1", limit_price=5990.0, time_in_force="day")
    assert terms([copy]) == [("new", "buy", 6, "limit")]
    assert copy.account_id == FOLLOWER
    assert (copy.limit_price, copy.time_in_force) == (5990.0, "day")
    assert (copy.automated, copy.copy_group_id, copy.parent_order_id) == (True, "plan", "L1")
    assert copy.client_order_id == "plan/follower/e/event-1/0"


def test_a_stop_limit_keeps_both_prices() -> None:
    stage = Stage(one_follower())
    (copy,) = stage.places("buy", 1, "L1", stop_price=6010.0, limit_price=6012.0)
    assert copy.order_type is OrderType.STOP_LIMIT
    assert (copy.stop_price, copy.limit_price) == (6010.0, 6012.0)


def test_new_sizes_and_prices_reach_the_copy_and_an_end_ends_it() -> None:
    stage = Stage(one_follower(size=size(2)))
    (copy,) = stage.places("buy", 3, "L1", limit_price=5990.0)
    stage.ack(copy)
    (change,) = stage.changes("buy", 5, "L1", limit_price=5991.0)
    assert terms([change]) == [("replace", "buy", 10, "limit")]
    assert change.limit_price == 5991.0
    assert change.client_order_id == copy.client_order_id
    (end,) = stage.takes_back("buy", 5, "L1")
    assert terms([end]) == [("cancel", "buy", 10, "limit")]
    stage.confirm(end)
    assert stage.takes_back("buy", 5, "L1") == []


def test_an_order_made_smaller_than_what_its_copy_filled_ends_the_copy() -> None:
    stage = Stage(one_follower())
    (copy,) = stage.places("buy", 5, "L1", limit_price=5990.0)
    stage.fill(copy, 3)
    assert terms(stage.changes("buy", 2, "L1", limit_price=5990.0)) == [
        ("cancel", "buy", 5, "limit")
    ]


@pytest.mark.parametrize(
    ("placed", "copied"),
    [
        ({"limit_price": 5990.0}, (OrderType.STOP, None, 5990.0)),
        ({"stop_price": 6010.0}, (OrderType.LIMIT, 6010.0, None)),
        ({"stop_price": 6010.0, "limit_price": 6011.0}, (OrderType.LIMIT, 6010.0, None)),
        ({}, (OrderType.MARKET, None, None)),
    ],
)
def test_an_inverse_copy_fills_at_the_same_price(
    placed: dict[str, float], copied: tuple[OrderType, float | None, float | None]
) -> None:
    stage = Stage(one_follower(size=size(-1)))
    (copy,) = stage.places("buy", 2, "L1", **placed)
    assert copy.side == "sell"
    assert (copy.order_type, copy.limit_price, copy.stop_price) == copied


def test_a_close_to_flat_closes_what_rounding_made_of_the_position() -> None:
    stage = Stage(one_follower(size=size("0.5", rounding=Rounding.NEAREST)))
    for number in range(3):  # three times a half is three times one
        stage.trades("buy", 1, f"L{number}")
    assert stage.held() == 3
    assert terms(stage.places("sell", 3, "L9")) == [("new", "sell", 3, "market")]


def test_a_partial_close_closes_the_same_share() -> None:
    stage = Stage(one_follower(size=size("0.5")))
    stage.trades("buy", 8, "L1")
    assert terms(stage.places("sell", 2, "L2")) == [("new", "sell", 1, "market")]
    stage.gets("sell", 2, "L2")
    # The first close is still on its way: it counts as done.
    assert terms(stage.places("sell", 6, "L3")) == [("new", "sell", 3, "market")]


def test_two_market_closes_in_one_breath_close_once() -> None:
    stage = Stage(one_follower())
    stage.trades("buy", 2, "L1")
    assert terms(stage.places("sell", 1, "L2")) == [("new", "sell", 1, "market")]
    assert terms(stage.places("sell", 1, "L3")) == [("new", "sell", 1, "market")]


def test_a_flip_in_one_order_closes_what_is_held_and_opens_the_rest_at_the_ratio() -> None:
    stage = Stage(one_follower(size=size("0.5")))
    for number in range(2):
        stage.trades("buy", 1, f"L{number}")
    assert stage.held() == 2  # twice a half rounded up
    stage.trades("sell", 6, "L9")  # two close, four open
    assert stage.held() == -2


def test_bracket_legs_wait_for_the_entry_and_only_one_of_them_closes() -> None:
    stage = Stage(one_follower())
    (entry,) = stage.places("buy", 4, "L1", limit_price=5990.0)
    assert stage.places("sell", 4, "L2", stop_price=5980.0, parent_order_id="L1") == []
    assert stage.places("sell", 4, "L3", limit_price=6020.0, parent_order_id="L1") == []
    legs = stage.fill(entry, 1)
    assert terms(legs) == [("new", "sell", 1, "stop"), ("new", "sell", 1, "limit")]
    grown = stage.fill(entry, 3)
    assert terms(grown) == [("replace", "sell", 4, "stop"), ("replace", "sell", 4, "limit")]
    stage.gets("buy", 4, "L1", 5990.0)
    stop, target = legs
    assert terms(stage.fill(target, 3, 6020.0)) == [("replace", "sell", 1, "stop")]
    (end,) = stage.fill(target, 1, 6020.0)
    assert (end.event_type, end.client_order_id) == (EventType.CANCEL, stop.client_order_id)
    assert stage.held() == 0


def test_scale_outs_share_the_position_and_the_last_takes_the_rest() -> None:
    stage = Stage(one_follower(size=size("0.5")))
    stage.trades("buy", 10, "L1")
    first = stage.places("sell", 5, "L2", limit_price=6010.0)
    last = stage.places("sell", 5, "L3", limit_price=6020.0)
    assert terms([*first, *last]) == [("new", "sell", 2, "limit"), ("new", "sell", 2, "limit")]
    (grown,) = stage.gets("sell", 5, "L2", 6010.0)
    assert terms([grown]) == [("replace", "sell", 3, "limit")]
    stage.fill(first[0], price=6010.0)
    stage.fill(last[0], 3, price=6020.0)
    assert stage.held() == 0


def test_a_leader_flat_with_its_entry_unfilled_at_the_follower_leaves_nothing_behind() -> None:
    stage = Stage(one_follower())
    (entry,) = stage.places("buy", 2, "L1", limit_price=5990.0)
    stage.gets("buy", 2, "L1", 5990.0)
    assert stage.places("sell", 2, "L2") == [], "nothing is held that could be closed"
    (end,) = stage.gets("sell", 2, "L2")
    assert (end.event_type, end.client_order_id) == (EventType.CANCEL, entry.client_order_id)
    stage.fill(entry, 1, 5990.0)  # before the cancel arrived
    (close,) = stage.confirm(end)
    assert terms([close]) == [("new", "sell", 1, "market")]
    stage.fill(close)
    assert stage.held() == 0


def test_a_copy_that_fills_before_the_leaders_order_is_kept_until_that_order_ends() -> None:
    stage = Stage(one_follower())
    (copy,) = stage.places("buy", 2, "L1", limit_price=5990.0)
    assert stage.fill(copy, price=5990.0) == []
    (close,) = stage.takes_back("buy", 2, "L1")
    assert terms([close]) == [("new", "sell", 2, "market")]


def test_a_rejected_order_of_the_leader_takes_its_copy_back() -> None:
    stage = Stage(one_follower())
    (copy,) = stage.places("buy", 2, "L1", limit_price=5990.0)
    event = stage.event(EventType.REJECT, "buy", 2, order_id="L1")
    assert [o.client_order_id for o in stage.give(event)] == [copy.client_order_id]


def test_es_is_copied_as_ten_mes_and_back() -> None:
    stage = Stage(one_follower(translations=(Translation("ES", "MES", lots=10),)))
    (copy,) = stage.places("buy", 1, "L1")
    assert (copy.instrument_id, copy.quantity) == ("MES", 10)
    back = Stage(one_follower(translations=(Translation("MES", "ES", per=10),)))
    (copy,) = back.places("buy", 20, "L1", instrument_id="MES")
    assert (copy.instrument_id, copy.quantity) == ("ES", 2)


def test_two_instruments_of_the_leader_that_lead_to_one_count_together() -> None:
    plan = one_follower(translations=(Translation("ES", "MES", lots=10),), instruments=("MES",))
    stage = Stage(plan)
    stage.trades("buy", 1, "L1")
    (copy,) = stage.places("sell", 4, "L2", instrument_id="MES")
    assert terms([copy]) == [("new", "sell", 4, "market")]
    stage.gets("sell", 4, "L2", instrument_id="MES")
    stage.fill(copy)
    assert stage.held(instrument_id="MES") == 6


def test_half_an_es_is_five_mes() -> None:
    stage = Stage(one_follower(size=size("0.5", rounding=Rounding.MICROS)))
    (copy,) = stage.places("buy", 1, "L1")
    assert (copy.instrument_id, copy.quantity) == ("MES", 5)


def test_a_carried_remainder_comes_with_the_next_entry_and_goes_when_flat() -> None:
    stage = Stage(one_follower(size=size("0.5", rounding=Rounding.CARRY)))
    sizes = []
    for number in range(4):
        before = stage.held()
        stage.trades("buy", 1, f"L{number}")
        sizes.append(stage.held() - before)
    assert sizes == [0, 1, 0, 1]
    stage.trades("buy", 1, "L8")
    stage.trades("sell", 5, "L9")
    assert stage.held() == 0
    assert stage.places("buy", 1, "L10") == []  # nothing was carried over


def test_an_unmapped_instrument_is_ignored_with_one_notice() -> None:
    stage = Stage(one_follower(translations=(Translation("ES", "MES", lots=10),)))
    assert stage.places("buy", 1, "L1", instrument_id="NQ") == []
    assert stage.places("buy", 1, "L2", instrument_id="NQ") == []
    assert stage.codes() == [NoticeCode.UNMAPPED]


@pytest.mark.parametrize("lots", [1, 40])
def test_an_entry_keeps_within_minimum_and_maximum(lots: int) -> None:
    stage = Stage(one_follower(size=size("0.1", minimum_lots=1, maximum_lots=3)))
    (copy,) = stage.places("buy", lots, "L1")
    assert copy.quantity == (1 if lots == 1 else 3)


def test_fixed_lots_do_not_depend_on_the_leaders() -> None:
    stage = Stage(one_follower(size=size(3, mode=SizeMode.FIXED)))
    stage.trades("buy", 50, "L1")
    assert stage.held() == 3
    stage.trades("sell", 50, "L2")
    assert stage.held() == 0


def test_a_copy_is_never_copied_again() -> None:
    stage = Stage(one_follower())
    assert stage.places("buy", 1, "L1", copy_group_id="another plan") == []
    assert stage.codes() == [NoticeCode.STAMPED]
