"""The rank test's kernel against its plain twin, on small random markets."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.naive_ranktest import NaiveRankTest, naive_rows
from helpers.orders import DAY_NS, MINUTE_NS, SECOND_NS, START_NS
from hypothesis import given, settings
from hypothesis import strategies as st

from models.params import RankTestParams
from models.ranktest import RankTest

# Every answer makes a row and none is displaced: the twin knows no limits.
PARAMS = RankTestParams(
    p_cap=0.6,
    row_p_floor=0.6,
    row_p_accounts=1e9,
    prior_decisions=20.0,
    recent_prior=2.0,
    depth=100_000,
)


def market(
    seed: int, *, n: int, n_accounts: int, ties: float, sequenced: bool, day_share: float
) -> list[tuple[int, int, int, int]]:
    """Return (time_ns, sequence, account, side); an account acts once at an instant and side."""
    rng = np.random.default_rng(seed)
    rows, time_ns, taken = [], START_NS + int(rng.integers(0, DAY_NS)), set()
    for i in range(n):
        if rng.random() >= ties:
            time_ns += int(rng.choice([0.05, 1, 5, 30], p=[0.2, 0.3, 0.3, 0.2]) * SECOND_NS)
            time_ns += int(rng.integers(1, SECOND_NS))
            taken = set()
        if rng.random() < day_share:
            time_ns += DAY_NS
            taken = set()
        if rng.random() < 0.05:
            time_ns += MINUTE_NS - time_ns % MINUTE_NS  # on the minute: phase and habit
            taken = set()
        account, side = int(rng.integers(0, n_accounts)), int(rng.integers(0, 2))
        if rows and rng.random() < 0.3:
            account, side = (rows[-1][2] + 1) % n_accounts, rows[-1][3]  # somebody copies
        if (account, side) in taken:
            continue
        taken.add((account, side))
        rows.append((time_ns, i if sequenced else -1, account, side))
    return rows


def compare(
    rows: list[tuple[int, int, int, int]],
    params: RankTestParams,
    shift_ns: int,
    n_accounts: int,
    *,
    windows: bool = False,
) -> int:
    twin = NaiveRankTest(params, shift_ns, windows=windows)
    row_p = params.row_p(n_accounts)
    expected = naive_rows(twin.run(rows), params, row_p=row_p)
    test = RankTest(params, n_accounts=n_accounts, shift_ns=shift_ns, windows=windows)
    table = np.array(rows, np.int64).reshape(-1, 4)
    test.process(
        table[:, 0].copy(),
        table[:, 1].copy(),
        table[:, 2].astype(np.int32),
        table[:, 3].astype(np.int8),
        node_family=np.zeros(n_accounts, np.int32),
        final=True,
    )
    found = test.rows(node_account=np.arange(n_accounts, dtype=np.int32))
    keys = list(
        zip(found.leader.tolist(), found.follower.tolist(), found.channel.tolist(), strict=True)
    )
    assert keys == sorted(expected)
    for i, key in enumerate(keys):
        assert found.answers[i] == expected[key].answers
        np.testing.assert_allclose(found.total[i], expected[key].total, rtol=1e-5, atol=1e-4)
        assert found.best[i] == pytest.approx(expected[key].best, rel=1e-5, abs=1e-3)
    counted = test.decisions_of_nodes()[:n_accounts]
    assert counted.tolist() == [twin.decisions_of(a) for a in range(n_accounts)]
    return len(keys)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 70),
    n_accounts=st.integers(1, 6),
    ties=st.sampled_from([0.0, 0.2, 0.6]),
    sequenced=st.booleans(),
    shift_ns=st.sampled_from([0, 0, 20 * SECOND_NS, 300 * SECOND_NS]),
    robots=st.sampled_from([3.0, 1e9]),
    day_share=st.sampled_from([0.0, 0.05]),
    windows=st.booleans(),
)
def test_the_kernel_agrees_with_its_twin(
    seed: int,
    n: int,
    n_accounts: int,
    ties: float,
    sequenced: bool,
    shift_ns: int,
    robots: float,
    day_share: float,
    windows: bool,
) -> None:
    rows = market(
        seed, n=n, n_accounts=n_accounts, ties=ties, sequenced=sequenced, day_share=day_share
    )
    params = replace(PARAMS, robot_decisions_a_day=robots)
    compare(rows, params, shift_ns, n_accounts, windows=windows)


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("shift_ns", [0, 20 * SECOND_NS])
def test_starts_anew_follow_the_stated_rule(shift_ns: int, windows: bool) -> None:
    # A restart every 10 minutes and a sharp bar: most rows start several times.
    params = replace(
        PARAMS, restart_ns=600 * SECOND_NS, row_p_floor=0.3, row_p_accounts=1e-9, safety=2.0
    )
    n_rows = 0
    for seed in range(15):
        rows = market(seed, n=150, n_accounts=4, ties=0.1, sequenced=False, day_share=0.0)
        n_rows += compare(rows, params, shift_ns, 4, windows=windows)
    assert n_rows > (25 if windows else 50)


def test_safety_overall_weight_and_class_change_the_shares_as_in_the_twin() -> None:
    params = replace(PARAMS, safety=3.0, overall_weight=7.0, robot_decisions_a_day=4.0, n_levels=3)
    for seed in range(10):
        rows = market(seed, n=120, n_accounts=5, ties=0.3, sequenced=False, day_share=0.05)
        compare(rows, params, 0, 5)


def rows_after(
    times: list[tuple[float, int, int]], *, windows: bool = False
) -> list[tuple[int, int, int, int, float]]:
    """Return (leader, follower, channel, answers, best) after (second, account, side) decisions."""
    test = RankTest(PARAMS, n_accounts=3, windows=windows)
    rows = [(START_NS + int(s * SECOND_NS), a, side) for s, a, side in times]
    test.process(
        np.array([t for t, _, _ in rows], np.int64),
        np.full(len(rows), -1, np.int64),
        np.array([a for _, a, _ in rows], np.int32),
        np.array([s for _, _, s in rows], np.int8),
        node_family=np.zeros(3, np.int32),
        final=True,
    )
    found = test.rows(node_account=np.arange(3, dtype=np.int32))
    columns = (found.leader, found.follower, found.channel, found.answers, found.best)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def answers_of_1_to_0(times: list[tuple[float, int, int]]) -> int:
    return sum(row[3] for row in rows_after(times) if row[:2] == (0, 1))


def test_a_decision_on_the_accounts_own_clock_answers_nobody() -> None:
    assert answers_of_1_to_0([(10.0, 1, 0), (200.0, 0, 0), (205.0, 1, 0)]) == 1
    assert answers_of_1_to_0([(145.2, 1, 0), (200.0, 0, 0), (205.0, 1, 0)]) == 0


def test_the_clock_wraps_at_the_minute() -> None:
    assert answers_of_1_to_0([(59.9, 1, 0), (175.0, 0, 0), (180.1, 1, 0)]) == 0


def test_a_habit_of_one_side_says_nothing_about_the_other() -> None:
    assert answers_of_1_to_0([(145.0, 1, 1), (200.0, 0, 0), (205.0, 1, 0)]) == 1


def test_an_answer_to_a_decision_from_before_the_start_earns_nothing() -> None:
    # Sell and buy of the leader wait; the answer to the buy starts the row, so the sell's miss is
    # not charged and its answer may not be paid: ln E stays that of an empty product.
    rows = rows_after([(0.0, 0, 1), (3.0, 0, 0), (4.0, 1, 0), (6.5, 1, 1)])
    empty_product = pytest.approx(0.0, abs=1e-6)
    assert rows == [(0, 1, 0, 2, empty_product), (0, 1, 1, 2, empty_product)]


def test_a_superseded_decision_is_never_answered() -> None:
    rows = rows_after([(0.0, 0, 0), (20.0, 0, 0), (22.0, 1, 0)])
    assert [row[:4] for row in rows] == [(0, 1, 0, 1)]


def test_with_windows_the_decision_that_opens_one_is_answered_once() -> None:
    busy = [(0.0, 0, 0), (20.0, 0, 0), (40.0, 0, 0)]
    answered = rows_after([*busy, (62.0, 1, 0), (81.0, 1, 0)], windows=True)
    assert [row[:4] for row in answered] == [(0, 1, 0, 1)]
    # 121 s after the first the next window opens; 119 s after it, none does.
    assert rows_after([*busy, (121.0, 0, 0), (152.0, 1, 0)], windows=True)[0][3] == 1
    assert rows_after([*busy, (119.0, 0, 0), (152.0, 1, 0)], windows=True) == []
