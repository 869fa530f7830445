"""The leader's exposure: what its contracts cost, and what is said where that is not known."""

from dataclasses import replace
from typing import Any

import pytest
from helpers.copying import FOLLOWER, INSTRUMENTS, LEADER, Stage, copy_plan, terms

from streams.copier import Instrument, NoticeCode
from streams.copier.plan import CopyMode, Margin

NO_MARGINS = tuple(replace(one, margin_cents=None) for one in INSTRUMENTS)
ES_AT_6000_CENTS = 30_000_000


def stage_of(
    percent: int = 30, instruments: tuple[Instrument, ...] = NO_MARGINS, **fields: Any
) -> Stage:
    """A leader with 100,000 dollars, in instruments whose margins nobody told."""
    stage = Stage(copy_plan(lead_exposure_percent=percent, **fields), instruments)
    stage.reports(LEADER, 10_000_000)
    stage.reports(FOLLOWER, 10_000_000)
    return stage


def test_a_first_entry_with_a_price_of_its_own_counts_at_full_value() -> None:
    stage = stage_of(percent=300)
    assert terms(stage.places("buy", 1, "L1", limit_price=6000.0)) == [("new", "buy", 1, "limit")]
    stage = stage_of(percent=299)
    assert stage.places("buy", 1, "L1", stop_price=6000.0) == []
    (notice,) = stage.notices
    assert notice.code is NoticeCode.LEAD_EXPOSURE
    assert notice.numbers["cents"] == ES_AT_6000_CENTS
    assert "ES at full value" in notice.text
    assert "margins" in notice.text


def test_the_last_price_comes_before_the_orders_own() -> None:
    stage = stage_of(percent=650)
    stage.gets("buy", 1, "L0", 6000.0)
    assert stage.places("buy", 1, "L1", limit_price=9000.0)


def test_a_market_order_without_any_price_is_refused_by_the_name_of_what_is_missing() -> None:
    stage = stage_of(percent=300)
    assert stage.places("buy", 1, "L1") == []
    (notice,) = stage.notices
    assert notice.code is NoticeCode.LEAD_EXPOSURE_UNKNOWN
    assert "margin of ES" in notice.text
    assert "margins" in notice.text


def test_an_old_balance_is_told_apart_from_a_missing_margin() -> None:
    stage = stage_of(instruments=INSTRUMENTS)
    stage.wait(61)
    assert stage.places("buy", 1, "L1") == []
    assert stage.codes() == [NoticeCode.LEAD_EXPOSURE_UNKNOWN]
    assert "balance" in stage.notices[0].text
    assert "margin" not in stage.notices[0].text


def test_what_the_leader_holds_without_a_price_is_named_too() -> None:
    stage = stage_of(margins=(Margin("ES", 1_000_000),))
    stage.gets("buy", 1, "L1", 0.0, instrument_id="NQ")  # a fill without a price
    stage.takes_back("buy", 1, "L1")
    assert stage.places("buy", 1, "L2") == []
    assert "margin of NQ" in stage.notices[-1].text


@pytest.mark.parametrize("mode", list(CopyMode))
@pytest.mark.parametrize("known", [NO_MARGINS, INSTRUMENTS, ()])
def test_a_margin_stated_in_the_plan_lets_the_first_market_order_pass(
    mode: CopyMode, known: tuple[Instrument, ...]
) -> None:
    stage = stage_of(mode=mode, instruments=known, margins=(Margin("ES", 1_500_000),))
    stage.trades("buy", 2, "L1")  # 30% are two of them
    assert stage.held() == 2
    stage.trades("buy", 1, "L2")
    assert stage.held() == 2
    assert stage.codes() == [NoticeCode.LEAD_EXPOSURE]
    assert stage.notices[0].numbers == {"cents": 4_500_000, "limit_cents": 3_000_000}
    assert "full value" not in stage.notices[0].text


def test_a_price_that_is_none_values_nothing() -> None:
    stage = stage_of(mode=CopyMode.FILLS)
    stage.gets("buy", 1, "L1", float("nan"), limit_price=float("nan"))
    assert NoticeCode.LEAD_EXPOSURE_UNKNOWN in stage.codes()
