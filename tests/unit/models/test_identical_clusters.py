"""Farms are found on their first day, honest crowds are not; how the stream comes is no matter."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.farms import (
    N_HONEST,
    SPAN_NS,
    farm_orders,
    fingerprints,
    honest_orders,
    in_order,
    together,
)
from helpers.orders import DAY_NS, SECOND_NS
from hypothesis import given, settings
from hypothesis import strategies as st

from models.columns import OrderColumns
from models.errors import ParameterError
from models.identical import IdenticalCluster, find_identical, ln_p_threshold
from models.identical_placebo import count_placebo_clusters
from models.params import IdenticalParams

PARAMS = IdenticalParams()


def clusters_of(orders: OrderColumns, cuts: tuple[int, ...] = ()) -> tuple[IdenticalCluster, ...]:
    decisions = fingerprints(orders, cuts)
    v = PARAMS.tolerated_false_clusters_a_year
    bar = ln_p_threshold(len(decisions), SPAN_NS, PARAMS, v=v)
    return find_identical(decisions, PARAMS, ln_threshold=bar)


@pytest.mark.parametrize("seed", range(6))
def test_honest_accounts_make_no_cluster_even_in_crowds(seed: int) -> None:
    assert clusters_of(honest_orders(np.random.default_rng(seed))) == ()


@pytest.mark.parametrize(
    "farm",
    [
        {"lots": 1},
        {"lots": 2},
        {"lots": 3},
        {"lots": 1, "price": 4_123},
        {"lots": 1, "pace_s": (0.0, 140.0)},
        {"n_accounts": 500, "lots": 1, "pace_s": (0.0, 14.0)},
        {"n_accounts": 500, "lots": 2, "price": 4_123, "pace_s": (0.0, 14.0)},
        {"lots": 1, "start_ns": DAY_NS // 2},
    ],
    ids=str,
)
def test_a_farm_is_one_cluster_on_its_first_day(farm: dict[str, int]) -> None:
    rng = np.random.default_rng(7)
    found = clusters_of(together(honest_orders(rng), farm_orders(rng, **farm)))
    assert len(found) == 1
    n = farm.get("n_accounts", 50)
    members = set(found[0].accounts)
    assert len(members) == len(found[0].accounts)
    assert len(members & set(range(N_HONEST, N_HONEST + n))) >= 0.95 * n
    assert len(members) <= 1.02 * n
    assert found[0].side == 0
    assert found[0].quantity_lots == farm["lots"]
    assert found[0].expected <= PARAMS.max_chance_share * n


def test_a_walking_farm_is_more_even_than_chance() -> None:
    rng = np.random.default_rng(8)
    (found,) = clusters_of(together(honest_orders(rng), farm_orders(rng)))
    assert 15 <= found.median_gap_s <= 60
    assert found.evenness < 0.5


def test_accounts_that_trade_on_are_no_news_the_second_time() -> None:
    """Habits are no surprise: the same accounts with their usual size again are no cluster."""
    rng = np.random.default_rng(9)
    first = farm_orders(rng, lots=3, start_ns=DAY_NS // 2)
    again = farm_orders(rng, lots=3, start_ns=DAY_NS + DAY_NS // 2)
    found = clusters_of(together(honest_orders(rng), first, again))
    assert len(found) == 1
    assert found[0].last_time_ns == int(first.event_time_ns[-1])


def test_a_night_unlike_the_day_makes_the_opening_no_cluster() -> None:
    """The first hours know only one size; the crowd of the opening then has its usual sizes."""
    rng = np.random.default_rng(10)
    day = honest_orders(rng)
    day = day.take(day.event_time_ns > day.event_time_ns[0] + DAY_NS // 2)
    night = farm_orders(rng, n_accounts=300, lots=7, start_ns=0, pace_s=(20.0, 80.0))
    opening = in_order(
        DAY_NS // 2 + rng.integers(0, 3_600 * SECOND_NS, 300),
        rng.permutation(N_HONEST)[:300],
        np.zeros(300, np.int64),
        rng.choice([1, 1, 2, 3], 300),
        np.zeros(300, np.int64),
        np.zeros(300, np.bool_),
    )
    found = clusters_of(together(night, opening, day))
    assert all(min(cluster.accounts) >= N_HONEST for cluster in found)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.integers(0, 13_000), max_size=4))
def test_how_the_stream_is_cut_changes_nothing(cuts: list[int]) -> None:
    rng = np.random.default_rng(11)
    orders = together(honest_orders(rng, n_orders=11_000), farm_orders(rng, lots=2))
    whole, cut = fingerprints(orders), fingerprints(orders, tuple(min(c, 11_000) for c in cuts))
    for name in ("quantity_lots", "is_new", "is_one_shot", "account", "event_time_ns"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(cut, name))
    assert clusters_of(orders) == clusters_of(orders, tuple(min(c, 11_000) for c in cuts))


def test_orders_of_unknown_size_are_not_identical() -> None:
    rng = np.random.default_rng(14)
    assert clusters_of(together(honest_orders(rng), farm_orders(rng, lots=0))) == ()


def test_child_orders_are_one_decision_of_their_sum_over_batches() -> None:
    orders = in_order(
        np.array([0, 1, 2]) * SECOND_NS,
        np.array([5, 5, 6]),
        np.zeros(3, np.int64),
        np.array([2, 3, 1]),
        np.zeros(3, np.int64),
        np.zeros(3, np.bool_),
    )
    assert fingerprints(orders, (1, 2)).quantity_lots.tolist() == [5, 1]


def test_the_placebo_keeps_the_promise_and_deals_the_farm_away() -> None:
    rng = np.random.default_rng(12)
    decisions = fingerprints(together(honest_orders(rng), farm_orders(rng)))
    bars = {v: ln_p_threshold(len(decisions), SPAN_NS, PARAMS, v=v) for v in (0.05, 1.0, 10.0)}
    assert find_identical(decisions, PARAMS, ln_threshold=bars[0.05])
    counts = count_placebo_clusters(decisions, PARAMS, bars, np.random.default_rng(0))
    assert counts == {0.05: 0, 1.0: 0, 10.0: 0}


def test_nothing_and_next_to_nothing_give_nothing() -> None:
    rng = np.random.default_rng(13)
    assert clusters_of(OrderColumns.empty()) == ()
    assert clusters_of(farm_orders(rng, n_accounts=3)) == ()
    assert clusters_of(farm_orders(rng, n_accounts=60)) == ()  # nothing to compare with


@pytest.mark.parametrize(
    "wrong", [{"windows_ns": ()}, {"min_accounts": 0}, {"drift": 0.5}, {"pace_ns": 0}]
)
def test_thresholds_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        replace(PARAMS, **wrong)
