"""Roles: episodes against their definition, leader, source elsewhere, ratio, lags."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.orders import MINUTE_NS, SECOND_NS, START_NS, decision_columns
from hypothesis import given, settings
from hypothesis import strategies as st

from models.grouping import Cluster, Link
from models.kernels.episodes import number_episodes
from models.params import GroupParams, RankTestParams
from models.roles import Roles, _lag_window, _upper_bound, find_roles

Row = tuple[int, int, int, int]


def cluster(*members: int, inverted: tuple[int, ...] = (), links: tuple = ()) -> Cluster:
    return Cluster(tuple(members), frozenset(inverted), 30.0, tuple(Link(*pair) for pair in links))


def roles_of(found: Cluster, rows: list[Row], *, lots: list[int] | None = None) -> Roles | None:
    decisions = decision_columns(rows, lots=lots)
    return find_roles(found, decisions, groups=GroupParams(), rank_test=RankTestParams())


def copied(
    n: int,
    followers: dict[int, float],
    *,
    share: float = 1.0,
    side_of: dict[int, int] | None = None,
) -> list[Row]:
    """Return n decisions of account 0, repeated by followers after their lag in seconds."""
    rng = np.random.default_rng(n)
    rows = []
    for i in range(n):
        t, side = START_NS + i * 5 * MINUTE_NS, int(rng.integers(0, 2))
        rows.append((t, 0, 0, side))
        for account, lag in followers.items():
            if rng.random() < share:
                turned = (side_of or {}).get(account, 0)
                own_lag = int(lag * SECOND_NS * rng.uniform(0.9, 1.1))
                rows.append((t + own_lag, account, 0, side ^ turned))
    return rows


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12), st.integers(0, 3)), max_size=40),
    window=st.integers(0, 5),
)
def test_episodes_are_those_of_the_definition(
    rows: list[tuple[int, int, int]], window: int
) -> None:
    key, times, member = np.array(rows, np.int64).reshape(-1, 3).T.copy()
    order = np.lexsort((times, key))
    number = np.empty(len(rows), np.int64)
    n = number_episodes(order, key, times, member, window, number, np.full(4, -1, np.int64))
    expected, current, seen, first = {}, -1, set(), None
    for row in order.tolist():
        new_key = first is None or key[row] != key[first]
        if new_key or times[row] - times[first] > window or member[row] in seen:
            current, seen, first = current + 1, set(), row
        seen.add(int(member[row]))
        expected[row] = current
    assert n == current + 1
    assert number.tolist() == [expected[row] for row in range(len(rows))]


def test_the_leader_is_who_is_there_and_first() -> None:
    rows = copied(30, {1: 1.0, 2: 3.0}, share=0.9)
    roles = roles_of(cluster(0, 1, 2, links=((0, 1), (0, 2))), rows)
    assert roles is not None
    assert roles.source == 0
    assert not roles.off_venue
    assert (roles.lead_share, [f.account for f in roles.followers]) == (1.0, [1, 2])
    assert roles.followers[0].lag_median_ms == pytest.approx(1_000, rel=0.1)
    assert roles.followers[1].lag_median_ms == pytest.approx(3_000, rel=0.1)
    assert 0.7 < roles.followers[0].participation <= 1.0
    assert isinstance(roles.source, int)


def test_an_inverse_follower_is_matched_on_the_other_side() -> None:
    rows = copied(12, {1: 1.0, 2: 2.0}, side_of={2: 1})
    roles = roles_of(cluster(0, 1, 2, inverted=(2,), links=((0, 1), (0, 2))), rows)
    assert roles is not None
    assert [(f.account, f.inverse, f.copied) for f in roles.followers] == [
        (1, False, 12),
        (2, True, 12),
    ]


def test_the_source_is_elsewhere_when_nobody_is_in_enough_episodes() -> None:
    rng = np.random.default_rng(5)
    rows = []
    for i in range(80):
        t = START_NS + i * 5 * MINUTE_NS
        rows += [
            (t + int(rng.uniform(0.1, 5) * SECOND_NS), account, 0, i % 2)
            for account in range(4)
            if rng.random() < 0.7
        ]
    links = tuple((0, a) for a in (1, 2, 3))
    roles = roles_of(cluster(0, 1, 2, 3, links=links), rows)
    assert roles is not None
    assert roles.off_venue


def test_followers_whose_lags_go_together_have_a_hidden_source() -> None:
    # 0 always comes first, but the others' lags to it swing with its own lag to the source.
    rng = np.random.default_rng(6)
    rows = []
    for i in range(60):
        t = START_NS + i * 5 * MINUTE_NS
        early = int(rng.uniform(0, 3) * SECOND_NS)
        rows.append((t + early, 0, 0, 0))
        rows += [(t + int(rng.uniform(3.2, 3.6) * SECOND_NS), a, 0, 0) for a in (1, 2)]
    roles = roles_of(cluster(0, 1, 2, links=((0, 1), (0, 2))), rows)
    assert roles is not None
    assert roles.lead_share == 1.0
    assert roles.off_venue


def test_a_ratio_is_the_median_of_known_sizes() -> None:
    rows = copied(5, {1: 1.0})
    lots = [10, 20, 10, 20, 10, 30, 0, 7, 4, 0]
    roles = roles_of(cluster(0, 1, links=((0, 1),)), rows, lots=lots)
    assert roles is not None
    assert roles.followers[0].ratio == pytest.approx(2.0)
    unknown = roles_of(cluster(0, 1, links=((0, 1),)), rows, lots=[0] * 10)
    assert unknown is not None
    assert unknown.followers[0].ratio is None


def test_nothing_repeated_is_no_role() -> None:
    rows = [(START_NS + i * 10 * MINUTE_NS, i % 2, 0, i % 2) for i in range(20)]
    assert roles_of(cluster(0, 1, links=((0, 1),)), rows) is None
    assert roles_of(cluster(0, 1), []) is None


def test_every_copy_is_one_to_one() -> None:
    rows = copied(20, {1: 2.0})
    rows += [(START_NS + 3 * SECOND_NS, 1, 0, 0), (START_NS + SECOND_NS, 0, 0, 0)]
    roles = roles_of(cluster(0, 1, links=((0, 1),)), rows)
    assert roles is not None
    for f in roles.followers:
        assert np.unique(f.own_row).size == f.own_row.size == np.unique(f.source_row).size
        assert np.isin(f.source_row, f.opportunities).all()


def test_bounds_are_clopper_and_pearsons() -> None:
    # One-sided 95%: 1 - 0.05^(1/n) without a hit; 9 of 10 gives 0.99488 (tables).
    assert _upper_bound(0.0, 10, 0.95) == pytest.approx(1 - 0.05**0.1)
    assert _upper_bound(0.9, 10, 0.95) == pytest.approx(0.99488, abs=1e-5)
    assert _upper_bound(1.0, 10, 0.95) == 1.0


def test_a_lag_window_holds_the_crowded_lags_within_its_bounds() -> None:
    groups, longest = GroupParams(), 120 * SECOND_NS
    lags = np.array([*np.full(10, SECOND_NS), *(np.arange(1, 21) * 5 * SECOND_NS)])
    assert SECOND_NS <= _lag_window(lags, groups, longest) <= 3.01 * SECOND_NS
    assert _lag_window(lags[:0], groups, longest) == groups.min_lag_window_ns
    assert _lag_window(np.array([0, 0]), groups, longest) == groups.min_lag_window_ns
    assert _lag_window(np.array([longest]), groups, longest) == longest


@pytest.mark.parametrize("leader", [0, 5])
def test_a_copier_that_serves_one_after_another_has_its_leader(leader: int) -> None:
    rng = np.random.default_rng(7)
    others = [account for account in range(6) if account != leader]
    rows = []
    for i in range(50):
        t = START_NS + i * 5 * MINUTE_NS
        rows.append((t, leader, 0, i % 2))
        for account in others:
            t += int(rng.uniform(20, 60) * 1e6)
            rows.append((t, account, 0, i % 2))
    chain = [leader, *others]
    links = [(a, b) for n, a in enumerate(chain) for b in chain[n + 1 :]]
    roles = roles_of(cluster(*range(6), links=tuple(links)), rows)
    assert roles is not None
    assert (roles.source, roles.off_venue, roles.coverage) == (leader, False, 1.0)
    assert [f.account for f in roles.followers] == others


def test_copying_that_begins_late_has_its_opportunities_from_then_on() -> None:
    rows = [(START_NS + i * 5 * MINUTE_NS, 0, 0, i % 2) for i in range(100)]
    rows += [(START_NS + i * 5 * MINUTE_NS + SECOND_NS, 1, 0, i % 2) for i in range(70, 100)]
    rows += [(START_NS + i * 5 * MINUTE_NS + 200 * SECOND_NS, 1, 0, i % 2) for i in range(0, 70, 5)]
    roles = roles_of(cluster(0, 1, links=((0, 1),)), rows)
    assert roles is not None
    (follower,) = roles.followers
    assert follower.copied == 30
    assert follower.participation == 1.0


def test_who_hardly_follows_has_no_say_in_who_leads() -> None:
    rows = copied(60, {1: 1.0, 2: 2.0})
    rows += [(START_NS + i * 7 * MINUTE_NS + 30 * SECOND_NS, 9, 0, 0) for i in range(60)]
    rows += [(START_NS + i * 7 * MINUTE_NS + 31 * SECOND_NS, 8, 0, 0) for i in range(60)]
    roles = roles_of(cluster(0, 1, 2, 8, 9, links=((0, 1), (0, 2), (9, 8))), sorted(rows))
    assert roles is not None
    assert (roles.source, roles.off_venue, roles.coverage) == (0, False, 1.0)


def tied_rows(n: int = 12) -> list[tuple[int, int, int, int]]:
    """Return decisions of 0 and 1 at the same instants, 1 a second earlier in two of them."""
    rows = []
    for i in range(n):
        t = START_NS + i * 5 * MINUTE_NS
        rows += [(t, 0, 0, i % 2), (t - (SECOND_NS if i < 2 else 0), 1, 0, i % 2)]
    return rows


def test_ties_are_shared_and_the_few_clear_episodes_decide() -> None:
    roles = roles_of(cluster(0, 1, links=((0, 1),)), tied_rows())
    assert roles.source == 1
    assert roles.lead_share == 1.0
    assert roles.tied_share == pytest.approx(10 / 12)


def test_where_all_are_tied_the_strongest_pairs_leader_is_taken() -> None:
    rows = [(START_NS + i * 5 * MINUTE_NS, a, 0, i % 2) for i in range(12) for a in (0, 1)]
    assert roles_of(cluster(0, 1), rows).source == 0
    either = replace(cluster(0, 1), strongest_leader=1)
    assert roles_of(either, rows).source == 1


def test_a_sequence_breaks_ties_of_time() -> None:
    decisions = decision_columns(sorted(tied_rows()))
    sequenced = replace(decisions, sequence=np.where(decisions.account == 0, 1, 2))
    found = find_roles(cluster(0, 1), sequenced, groups=GroupParams(), rank_test=RankTestParams())
    assert found is not None
    assert (found.source, found.tied_share) == (0, 0.0)
