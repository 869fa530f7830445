"""Payoffs of the rank test: fair on average, decreasing in p, rounded against evidence."""

import math

import numpy as np
import pytest

from models.kernels.ranktest import payoff_bucket
from models.params import RankTestParams
from models.ranktest import components, miss_table, payoff_table

PARAMS = [RankTestParams(), RankTestParams(p_cap=0.6), RankTestParams(p_cap=0.01)]


def factor(p: np.ndarray, params: RankTestParams) -> np.ndarray:
    """Return what one decision multiplies E by when its answer has each p, by component."""
    table = payoff_table(params).astype(np.float64)
    buckets = [payoff_bucket(float(x), len(table)) for x in p]
    return np.exp(table[buckets] + miss_table(params))


@pytest.mark.parametrize("params", PARAMS)
def test_a_uniform_p_earns_at_most_one_on_average(params: RankTestParams) -> None:
    # The table is constant between neighbouring powers of 2^(-1/8): sum its steps exactly.
    edges = 2.0 ** (-np.arange(len(payoff_table(params)) + 1) / 8)
    middle = np.sqrt(edges[:-1] * edges[1:])
    value = factor(middle, params)
    mean = (value * -np.diff(edges)[:, None]).sum(axis=0) + value[-1] * edges[-1]
    assert np.all(mean <= 1.0 + 1e-6)
    assert np.all(mean > 0.75)  # rounding costs little


@pytest.mark.parametrize("params", PARAMS)
def test_a_smaller_p_never_earns_less(params: RankTestParams) -> None:
    assert np.all(np.diff(payoff_table(params), axis=0) >= 0)


@pytest.mark.parametrize("params", PARAMS)
def test_an_answer_above_the_cap_is_a_miss(params: RankTestParams) -> None:
    np.testing.assert_array_equal(
        factor(np.array([params.p_cap * 1.2]), params)[0], np.exp(miss_table(params))
    )


def test_p_is_rounded_up() -> None:
    n = len(payoff_table(RankTestParams()))
    for p in np.random.default_rng(5).uniform(1e-9, 1.0, 2_000).tolist():
        bucket = payoff_bucket(p, n)
        assert 2.0 ** (-bucket / 8) >= p * (1 - 1e-12)
        assert bucket == n - 1 or 2.0 ** (-(bucket + 1) / 8) < p * (1 + 1e-12)


@pytest.mark.parametrize("p", [0.0, 1e-300, 1.0, 5.0])
def test_extreme_p_stay_inside_the_table(p: float) -> None:
    n = len(payoff_table(RankTestParams()))
    if p == 0.0:
        p = math.ulp(0.0)
    assert 0 <= payoff_bucket(p, n) < n


def test_the_mixture_has_one_component_a_theta_and_kappa() -> None:
    params = RankTestParams()
    assert components(params).shape == (len(params.thetas) * len(params.kappas), 2)
