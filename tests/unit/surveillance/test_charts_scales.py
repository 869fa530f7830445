"""Axes and numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.web import formats
from surveillance.web.charts.scales import (
    LinearScale,
    count_ticks,
    lag_ticks,
    round_ticks,
    time_ticks,
)

NS_PER_DAY = 86_400_000_000_000
START_NS = 1_767_600_000_000_000_000


@given(
    low=st.floats(-1e6, 1e6, allow_nan=False),
    width=st.floats(0, 1e6, allow_nan=False),
)
def test_round_ticks_enclose_the_values(low: float, width: float) -> None:
    ticks = round_ticks(low, low + width, 4)
    slack = max(abs(low), abs(low + width), 1.0) * 1e-6
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + width - slack
    assert 2 <= len(ticks) <= 12
    assert ticks == sorted(ticks)


def test_counts_have_whole_ticks() -> None:
    assert count_ticks(3) == [0, 1, 2, 3]
    assert count_ticks(0) == [0, 1]


@given(span_ns=st.integers(0, 40 * 365 * NS_PER_DAY), first_ns=st.integers(0, 2 * 10**18))
def test_time_ticks_stay_inside_and_are_few(span_ns: int, first_ns: int) -> None:
    ticks = time_ticks(first_ns, first_ns + span_ns, 8)
    assert len(ticks) <= 17
    assert all(first_ns <= time_ns <= first_ns + span_ns for time_ns, _, _ in ticks)


def test_time_ticks_name_the_date_once() -> None:
    ticks = time_ticks(START_NS, START_NS + 4 * 3_600_000_000_000, 8)
    assert [label for _, label, _ in ticks][:2] == ["08:00", "08:30"]
    assert [date for _, _, date in ticks] == ["2026-01-05", *[""] * (len(ticks) - 1)]


def test_lag_ticks_are_decades_with_units() -> None:
    labels = [text for _, text in lag_ticks((0.0, 1.0, 1_000.0, 120_000.0))]
    assert labels == ["1 ms", "10 ms", "100 ms", "1 s", "10 s", "1 min", "2 min"]


def test_equal_ends_map_to_the_middle() -> None:
    assert LinearScale(5.0, 5.0, 0.0, 10.0).at(5.0) == 5.0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0%"),
        (1e-9, "0.1%"),
        (0.9999, "99.9%"),
        (1.0, "100%"),
        (7 / 9, "77.8%"),
        (math.nan, "–"),
    ],
)
def test_only_all_is_a_hundred_percent(value: float | None, text: str) -> None:
    assert formats.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 ms"), (9.999, "10 ms"), (412.4, "412 ms"), (999.0, "999 ms"), (22_040.0, "22 s")],
)
def test_lags_choose_their_unit(value: float, text: str) -> None:
    assert formats.lag(value) == text


def test_named_numbers_carry_the_unit_of_their_name() -> None:
    assert formats.quantity_of("weight_bits", 9.25) == ("weight", "9.25 bits")
    assert formats.quantity_of("fidelity_share", 0.5) == ("fidelity", "50.0%")
    assert formats.quantity_of("window_s", 10) == ("window", "10 s")
    assert formats.quantity_of("kind", "ip") == ("kind", "ip")


def test_times_outside_the_calendar_are_shown_as_numbers() -> None:
    assert formats.utc_time(2**63 - 1).startswith("2262-04-11")
    assert formats.utc_time(10**24) == f"{10**24} ns"
    assert formats.utc_time(1_999_999_999) == "1970-01-01 00:00:01"


def test_quantities_keep_the_digits_that_matter() -> None:
    assert formats.quantity(5_000.25) == "5,000.25"
    assert formats.quantity(1e-7) == "0.0000001"
    assert formats.quantity(-0.0) == "0"
    assert formats.small(0.0004) == "0.0004"
