"""Pair evidence: rows of any number of families and workers, against plain addition."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evidence import ln_mean_exp, ln_threshold, n_tests, pair_evidence
from models.params import RankTestParams
from models.ranktest import FamilyRows, miss_table

PARAMS = RankTestParams()
N_ACCOUNTS = 5

row = st.tuples(
    st.integers(0, N_ACCOUNTS - 1),
    st.integers(0, N_ACCOUNTS - 1),
    st.integers(0, 1),
    st.integers(0, 3),
    st.floats(-5, 60),
    st.integers(1, 9),
)


def family_rows(rows: list[tuple[int, int, int, int, float, int]]) -> FamilyRows:
    columns = list(zip(*rows, strict=True)) or [()] * 6
    best = np.array(columns[4], np.float64)
    return FamilyRows(
        leader=np.array(columns[0], np.int32),
        follower=np.array(columns[1], np.int32),
        channel=np.array(columns[2], np.int8),
        family=np.array(columns[3], np.int32),
        best=best,
        total=best[:, None] + np.arange(6.0),
        answers=np.array(columns[5], np.int64),
    )


@given(
    rows=st.lists(row, max_size=30, unique_by=lambda r: r[:4]),
    n_parts=st.integers(1, 4),
    decisions=st.lists(st.integers(0, 40), min_size=N_ACCOUNTS, max_size=N_ACCOUNTS),
)
def test_evidence_is_the_better_of_one_family_and_all_together(
    rows: list[tuple[int, int, int, int, float, int]], n_parts: int, decisions: list[int]
) -> None:
    parts = [family_rows(rows[i::n_parts]) for i in range(n_parts)]
    found = pair_evidence(parts, decisions=np.array(decisions), params=PARAMS)
    by_pair = defaultdict(list)
    for leader, follower, channel, _, best, answers in rows:
        by_pair[leader, follower, channel].append((best, answers))
    expected = []
    for key, values in sorted(by_pair.items()):
        answers = sum(n for _, n in values)
        if answers < 2:
            continue
        total = sum(best for best, _ in values) + len(values) * np.arange(6.0)
        logs = total + decisions[key[0]] * miss_table(PARAMS)
        over_all = math.log(np.exp(logs - logs.max()).mean()) + logs.max()
        ln_e = max(max(best for best, _ in values), over_all) - math.log(2)
        expected.append((*key, answers, decisions[key[0]], ln_e))
    assert len(found) == len(expected)
    for i, (leader, follower, channel, answers, opportunities, ln_e) in enumerate(expected):
        assert (found.leader[i], found.follower[i], found.channel[i]) == (leader, follower, channel)
        assert found.answers[i] == answers
        assert found.opportunities[i] == opportunities
        assert found.ln_e[i] == pytest.approx(ln_e, abs=1e-9)


def test_no_rows_give_no_pairs() -> None:
    found = pair_evidence([family_rows([])], decisions=np.zeros(0, np.int64), params=PARAMS)
    assert len(found) == 0


def test_a_mean_of_huge_exponentials_does_not_overflow() -> None:
    assert ln_mean_exp(np.array([[5_000.0, 0.0]]))[0] == pytest.approx(5_000 - math.log(2))
    assert ln_mean_exp(np.empty((0, 6))).shape == (0,)


@pytest.mark.parametrize(
    ("n_accounts", "n_starts", "m"),
    [(0, 0, 1), (1, 0, 1), (2, 0, 4), (100, 0, 19_800), (3, 50, 50)],
)
def test_every_ordered_pair_channel_or_start_is_a_test(
    n_accounts: int, n_starts: int, m: int
) -> None:
    assert n_tests(n_accounts, n_starts) == m


def test_the_threshold_is_tests_over_tolerated() -> None:
    assert ln_threshold(19_800, 0.05) == pytest.approx(math.log(396_000))
