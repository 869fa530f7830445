"""Sizes: exact, and the same as a slow twin's."""

from fractions import Fraction

from helpers.copying import INSTRUMENTS, follower_plan, size
from helpers.naive_sizing import naive_close, naive_round, naive_target
from hypothesis import given
from hypothesis import strategies as st

from streams.copier.instruments import Instrument
from streams.copier.plan import Rounding, SizeMode, Translation
from streams.copier.routes import lots_for_lot, routes_of
from streams.copier.sizing import (
    bounded_lots,
    carried_lots,
    closing_lots,
    rounded_lots,
    target_lots,
)

roundings = st.sampled_from(list(Rounding))
lots = st.integers(0, 300)
KNOWN = {one.instrument_id: one for one in INSTRUMENTS}


@given(lots, st.integers(1, 50), roundings)
def test_rounding_agrees_with_the_twin(
    numerator: int, denominator: int, rounding: Rounding
) -> None:
    expected = naive_round(Fraction(numerator, denominator), rounding)
    assert rounded_lots(numerator, denominator, rounding) == expected


@given(lots, st.integers(1, 300), st.integers(1, 300), roundings)
def test_a_close_agrees_with_the_twin_and_never_closes_more_than_is_held(
    held: int, closed: int, leader: int, rounding: Rounding
) -> None:
    found = closing_lots(held, closed, leader, rounding)
    assert found == naive_close(held, closed, leader, rounding)
    assert 0 <= found <= held


@given(st.integers(-60, 60), st.integers(-100, 100), st.integers(1, 100), roundings)
def test_a_target_agrees_with_the_twin_and_is_the_mirror_of_the_other_side(
    units: int, numerator: int, denominator: int, rounding: Rounding
) -> None:
    found = target_lots(units, numerator, denominator, rounding)
    assert found == naive_target(units, Fraction(numerator, denominator), rounding)
    assert target_lots(-units, numerator, denominator, rounding) == -found


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), max_size=30))
def test_carried_sizes_add_up_to_less_than_a_lot_below_the_exact_sum(
    sizes: list[tuple[int, int]],
) -> None:
    remainder, total = Fraction(), 0
    for numerator, denominator in sizes:
        whole, remainder = carried_lots(numerator, denominator, remainder)
        total += whole
    exact = sum((Fraction(n, d) for n, d in sizes), Fraction())
    assert total + remainder == exact
    assert 0 <= remainder < 1


@given(lots, st.integers(0, 5), st.integers(5, 9))
def test_an_entry_stays_within_its_bounds(entry: int, minimum: int, maximum: int) -> None:
    assert minimum <= bounded_lots(entry, minimum=minimum, maximum=maximum) <= maximum


def test_a_tenth_of_ten_is_one() -> None:
    plan = follower_plan(size=size("0.1", rounding=Rounding.DOWN))
    ratio = Fraction(plan.size.value)
    assert rounded_lots(10 * ratio.numerator, ratio.denominator, Rounding.DOWN) == 1


def test_notional_sizes_go_by_value() -> None:
    plan = follower_plan(
        size=size(1, mode=SizeMode.NOTIONAL), translations=(Translation("ES", "MES"),)
    )
    assert lots_for_lot(plan, "ES", KNOWN) == ("MES", 10)


def test_micros_are_the_smallest_contract_of_the_family() -> None:
    plan = follower_plan(size=size(1, rounding=Rounding.MICROS))
    assert lots_for_lot(plan, "ES", KNOWN) == ("MES", 10)
    assert lots_for_lot(plan, "MES", KNOWN) == ("MES", 1)
    assert lots_for_lot(plan, "NQ", KNOWN) == ("NQ", 1)


def test_instruments_that_lead_to_one_share_a_unit_in_which_each_is_whole() -> None:
    plan = follower_plan(
        translations=(Translation("ES", "ES"), Translation("MES", "ES", lots=1, per=10))
    )
    route = routes_of(plan, ["ES", "MES"], KNOWN)["ES"]
    assert (dict(route.units), route.per_lot) == ({"ES": 10, "MES": 1}, 10)


def test_a_tick_of_an_instrument_is_worth_its_exact_fraction_of_cents() -> None:
    note = Instrument("ZN", "ZN", 1000.0, 0.015625)
    assert note.tick_value_cents == Fraction(3125, 2)
