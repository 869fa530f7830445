"""The window scans agree with a slow twin; their bound is above exact probabilities."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.naive_identical import scan_past, scan_present
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from models.identical import scan_trials
from models.kernels.identical import ln_tail_bound
from models.params import IdenticalParams
from models.trials import NO_LABEL, Control, Surprise, Trials

PARAMS = IdenticalParams(
    windows_ns=(5, 20, 90), min_accounts=3, recent_trials=12, recent_widths=2, pace_ns=4
)
BAR = -1.5
markets = st.integers(0, 2**32 - 1)


def draw(seed: int, surprise: Surprise) -> Trials:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 80))
    time = np.cumsum(rng.integers(0, 4, n)).astype(np.int64)
    label = rng.integers(NO_LABEL, 3, n)
    if n > 30:
        label[20:30] = 1  # a run
    code = np.zeros(n, np.int64)
    alike = rng.random(n) < 0.3 if surprise in (Surprise.NEWCOMER, Surprise.ONE_SHOT) else None
    return Trials(
        surprise, time, code.astype(np.int32), label, np.arange(3), np.arange(3), is_alike=alike
    )


def found(trials: Trials) -> dict[int, tuple[float, int, int]]:
    mark = np.flatnonzero(trials.label != NO_LABEL)
    mark = mark[np.argsort(trials.label[mark], kind="stable")]
    best = scan_trials(trials, mark, trials.label[mark], PARAMS, BAR)
    return {
        int(mark[i]): (best.ln_p[i], int(best.width[i]), int(mark[best.first[i]]))
        for i in np.flatnonzero(best.ln_p < 0)
    }


def assert_same(
    ours: dict[int, tuple[float, int, int]], twin: dict[int, tuple[float, int, int]]
) -> None:
    assert ours.keys() == twin.keys()
    for i, (ln_p, *place) in twin.items():
        assert ours[i][0] == pytest.approx(ln_p)
        assert list(ours[i][1:]) == place


@settings(deadline=None, max_examples=150)
@given(markets, st.sampled_from([Surprise.SIZE, Surprise.NEWCOMER, Surprise.ONE_SHOT]))
def test_the_scan_against_the_past_agrees_with_its_twin(seed: int, surprise: Surprise) -> None:
    trials = draw(seed, surprise)
    twin = scan_past(
        trials.event_time_ns,
        trials.label,
        is_alike=trials.is_alike,
        windows_ns=PARAMS.windows_ns,
        pace_ns=None if surprise is Surprise.SIZE else PARAMS.pace_ns,
        recent=PARAMS.recent_trials,
        widths=PARAMS.recent_widths,
        bar=BAR,
        drift=PARAMS.drift,
        least=PARAMS.min_accounts,
    )
    assert_same(found(trials), twin)


@settings(deadline=None, max_examples=150)
@given(markets)
def test_the_scan_against_the_present_agrees_with_its_twin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    trials = draw(seed, Surprise.PRICE)
    price = np.array([0, 1, 1])[trials.label]
    n = int(rng.integers(1, 60))
    control_time = np.sort(rng.integers(0, 150, n))
    control_price = rng.integers(0, 2, n)
    order = np.argsort(control_price, kind="stable")
    control = Control(
        control_time,
        np.searchsorted(control_price[order], np.arange(3)),
        control_time[order],
        price,
    )
    twin = scan_present(
        trials.event_time_ns,
        trials.label,
        price,
        control_time,
        control_price,
        windows_ns=PARAMS.windows_ns,
        drift=PARAMS.drift,
        least=PARAMS.min_accounts,
    )
    assert_same(found(replace(trials, control=control)), twin)


@settings(deadline=None)
@given(
    st.integers(1, 200),
    st.integers(1, 500),
    st.integers(0, 200),
    st.integers(1, 5_000),
    st.sampled_from([1.0, 2.0, 4.0]),
)
def test_the_bound_is_never_below_the_exact_tail(
    hits: int, trials: int, others: int, other_trials: int, drift: float
) -> None:
    share = drift * trials / (drift * trials + other_trials)
    exact = binom.logsf(hits - 1, hits + others, share)
    assert ln_tail_bound(hits, trials, others, other_trials, drift) >= exact - 1e-6 * abs(exact)


def test_without_anything_to_compare_with_there_is_no_evidence() -> None:
    assert ln_tail_bound(50.0, 50.0, 0.0, 0.0, 2.0) == 0.0
