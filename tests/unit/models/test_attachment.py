"""Weak members: a bound on chance, found against the group, nobody else attached."""

import math

import numpy as np
import pytest
from helpers.orders import MINUTE_NS, SECOND_NS, START_NS, decision_columns
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from models.attachment import Tally, complete_clusters
from models.features import KeyLog, MarketLog
from models.grouping import Cluster, Link
from models.params import DetectionParams

PARAMS = DetectionParams()
N_ACCOUNTS = 60


@given(n=st.integers(1, 200), k=st.integers(0, 200), p=st.floats(0.001, 0.999))
def test_the_p_value_is_never_below_the_binomials(n: int, k: int, p: float) -> None:
    k = min(k, n)
    tally = Tally(np.array([float(k)]), np.array([float(n)]), np.array([n * p]))
    exact = binom.sf(k - 1, n, p)
    assert tally.ln_p()[0] >= (math.log(exact) if exact > 0 else -math.inf) - 1e-6


def test_nobody_without_decisions_has_evidence() -> None:
    assert Tally.of(3).ln_p().tolist() == [0.0, 0.0, 0.0]


def market(seed: int, *, weak_share: float, channel: int = 0) -> MarketLog:
    """Return a market in which 0 leads, 1 copies always, 2 sometimes and trades on its own too."""
    rng = np.random.default_rng(seed)
    day = 8 * 3600 * SECOND_NS
    rows = [
        (START_NS + int(t), int(a), 0, int(s))
        for t, a, s in zip(
            rng.uniform(0, day, 3_000),
            rng.integers(2, N_ACCOUNTS, 3_000),
            rng.integers(0, 2, 3_000),
            strict=True,
        )
    ]
    for _ in range(80):
        t, side = START_NS + int(rng.uniform(0, day)), int(rng.integers(0, 2))
        rows += [(t, 0, 0, side), (t + int(rng.uniform(0.5, 2) * SECOND_NS), 1, 0, side)]
        if rng.random() < weak_share:
            rows.append((t + int(rng.uniform(0.5, 2) * SECOND_NS), 2, 0, side ^ channel))
    return log_of(rows)


def log_of(rows: list[tuple[int, int, int, int]]) -> MarketLog:
    decisions = decision_columns(rows)
    logs = {}
    for key in (0, 1):
        part = decisions.take(decisions.side == key)
        logs[key] = KeyLog(part.event_time_ns, part.account)
    return MarketLog(N_ACCOUNTS, logs)


CORE = Cluster((0, 1), frozenset(), 40.0, (Link(0, 1),))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_weak_follower_is_attached_and_nobody_else(seed: int) -> None:
    (found,) = complete_clusters([CORE], market(seed, weak_share=0.5), PARAMS)
    assert found.members == (0, 1, 2)
    assert found.inverted == frozenset()
    assert (0, 2) in {link[:2] for link in found.links}


def test_a_weak_inverse_follower_is_attached_turned() -> None:
    (found,) = complete_clusters([CORE], market(4, weak_share=0.6, channel=1), PARAMS)
    assert (found.members, found.inverted) == ((0, 1, 2), frozenset({2}))


@pytest.mark.parametrize("seed", range(5, 10))
def test_strangers_are_not_attached(seed: int) -> None:
    (found,) = complete_clusters([CORE], market(seed, weak_share=0.0), PARAMS)
    assert found.members == (0, 1)


def test_clusters_that_share_most_members_are_one() -> None:
    # 1 is copied by 2 on the other side, 3 and 4; 7 by 8 and 3, at other times.
    copying = {1: (0, 0), 2: (1, 1), 3: (2, 0), 4: (3, 0)}
    rows = [
        (START_NS + i * 20 * MINUTE_NS + second * SECOND_NS, account, 0, (i + turned) % 2)
        for i in range(20)
        for account, (second, turned) in copying.items()
    ]
    rows += [
        (START_NS + (i * 20 + 10) * MINUTE_NS + second * SECOND_NS, account, 0, i % 2)
        for i in range(20)
        for account, second in ((7, 0), (8, 1), (3, 2))
    ]
    a = Cluster((1, 2, 3), frozenset({2}), 30.0, (Link(1, 2, 30.0), Link(1, 3, 30.0)))
    b = Cluster((2, 3, 4), frozenset({3, 4}), 50.0, (Link(2, 4, 50.0), Link(2, 3, 40.0)))
    c = Cluster((3, 7, 8), frozenset(), 20.0, (Link(7, 8, 20.0), Link(7, 3, 20.0)))
    joined, apart = complete_clusters([a, b, c], log_of(rows), PARAMS)
    assert joined.members == (1, 2, 3, 4)
    # b counts from the other side of 2: turned, its 2 and 3 agree with a, and 4 acts like 1.
    assert joined.inverted == frozenset({2})
    assert joined.ln_e == 50.0
    assert apart.members == (3, 7, 8)


def test_two_sources_with_a_follower_in_common_are_two_clusters() -> None:
    rows = [
        (START_NS + (i * 20 + late) * MINUTE_NS + second * SECOND_NS, account, 0, i % 2)
        for i in range(20)
        for late in (0, 10)
        for account, second in ((1 if late else 2, 0), (3, 1))
    ]
    both = Cluster((1, 2, 3), frozenset(), 30.0, (Link(1, 3, 30.0), Link(2, 3, 25.0)))
    found = complete_clusters([both], log_of(rows), PARAMS)
    assert [cluster.members for cluster in found] == [(1, 3), (2, 3)]
    assert [cluster.ln_e for cluster in found] == [30.0, 25.0]
