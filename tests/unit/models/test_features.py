"""Features of a group, lags and placebo counts against plain loops."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.orders import MINUTE_NS, SECOND_NS, START_NS, decision_columns

from models.columns import DecisionColumns, PairEvidence
from models.corroboration import Corroboration
from models.evidence import ln_threshold
from models.features import KeyLog, MarketLog, group_features, quiet_decisions
from models.grouping import Cluster, Link
from models.lags import measure_lags
from models.params import SHIFTS_NS, DetectionParams, PlaceboParams
from models.placebo import count_placebo
from models.roles import Roles, find_roles

PARAMS = DetectionParams()
N_ACCOUNTS = 40
MEMBERS = (0, 1, 2)


def market_of(decisions: DecisionColumns) -> MarketLog:
    keys = decisions.family.astype(np.int64) * 2 + decisions.side
    logs = {
        int(key): KeyLog(decisions.event_time_ns[keys == key], decisions.account[keys == key])
        for key in np.unique(keys)
    }
    return MarketLog(N_ACCOUNTS, logs)


def group_in_market(seed: int) -> tuple[DecisionColumns, DecisionColumns, Roles]:
    """Return everybody's decisions, the group's, and its roles: 0 leads, 1 copies, 2 in bursts."""
    rng = np.random.default_rng(seed)
    day = 8 * 3600 * SECOND_NS
    rows = [
        (START_NS + int(t), int(a), int(f), int(s))
        for t, a, f, s in zip(
            rng.uniform(0, day, 3_000),
            rng.integers(3, N_ACCOUNTS, 3_000),
            rng.integers(0, 2, 3_000),
            rng.integers(0, 2, 3_000),
            strict=True,
        )
    ]
    for i in range(60):
        t, side = START_NS + int(rng.uniform(0, day)), int(rng.integers(0, 2))
        burst = i % 3 == 0
        rows.append((t, 0, 0, side))
        rows.append((t + SECOND_NS, 1, 0, side))
        if burst:
            rows.append((t + 2 * SECOND_NS, 2, 0, side))
            rows += [
                (t + int(rng.uniform(0, 9) * SECOND_NS), int(a), 0, side)
                for a in rng.integers(3, N_ACCOUNTS, 25)
            ]
    everyone = decision_columns(rows)
    group = everyone.take(np.flatnonzero(np.isin(everyone.account, MEMBERS)))
    cluster = Cluster(MEMBERS, frozenset(), 30.0, (Link(0, 1), Link(0, 2)))
    roles = find_roles(cluster, group, groups=PARAMS.groups, rank_test=PARAMS.rank_test)
    assert roles is not None
    return everyone, group, roles


def naive_quiet(everyone: DecisionColumns, group: DecisionColumns, row: int) -> bool:
    t = int(group.event_time_ns[row])
    others = [
        int(everyone.event_time_ns[i])
        for i in range(len(everyone))
        if everyone.account[i] not in MEMBERS
        and everyone.family[i] == group.family[row]
        and everyone.side[i] == group.side[row]
    ]
    burst, calm = PARAMS.rank_test.burst_ns, PARAMS.rank_test.calm_ns
    near = sum(t - burst < o <= t + burst for o in others)
    usual = sum(t - calm < o <= t - burst for o in others) * 2 * burst / (calm - burst)
    rule = PARAMS.verdict
    off_minute = t % MINUTE_NS >= PARAMS.rank_test.phase_ns
    return near <= rule.quiet_ratio * usual + rule.quiet_slack and off_minute


@pytest.mark.parametrize("seed", [1, 2])
def test_quiet_counts_agree_with_a_plain_loop(seed: int) -> None:
    everyone, group, roles = group_in_market(seed)
    market = market_of(everyone)
    rows = roles.source_rows.tolist()
    quiet = {row for row in rows if naive_quiet(everyone, group, row)}
    own = np.isin(np.arange(N_ACCOUNTS), MEMBERS)
    marked = quiet_decisions(roles.source_rows, group, market, own, PARAMS)
    assert set(roles.source_rows[marked].tolist()) == quiet
    assert 10 < len(quiet) < 55
    clustered = np.isin(np.arange(N_ACCOUNTS), group.account)
    features = group_features(roles, group, market, clustered, PARAMS)
    strangers = [
        sum(
            t_key == (group.family[row], group.side[row])
            and -burst < t - int(group.event_time_ns[row]) <= burst
            for t, t_key in zip(
                everyone.event_time_ns.tolist(),
                zip(everyone.family, everyone.side, strict=True),
                strict=True,
            )
            if t not in set(group.event_time_ns.tolist())
        )
        for burst in [PARAMS.rank_test.burst_ns]
        for row in roles.episode_row.tolist()
    ]
    assert features.crowd_size == np.median(strangers)
    chances = sum(len(quiet & set(f.opportunities.tolist())) for f in roles.followers)
    copies = sum(len(quiet & set(f.source_row.tolist())) for f in roles.followers)
    episodes = roles.episode_row.tolist()
    assert features.n_episodes == len(episodes)
    assert features.quiet_fidelity == pytest.approx(copies / chances)
    assert features.burst_share == pytest.approx(
        sum(row not in quiet for row in episodes) / len(episodes)
    )
    assert features.fidelity == pytest.approx(
        sum(f.copied for f in roles.followers) / sum(f.opportunities.size for f in roles.followers)
    )
    for name in type(features).__dataclass_fields__:
        assert type(getattr(features, name)) in (int, float, bool, type(None)), name


def test_further_evidence_stands_beside_the_timing() -> None:
    everyone, group, roles = group_in_market(1)
    further = (Corroboration("sizes", 20, 3, 9.0, -1.5), Corroboration("exits", 9, 9, 1.0, 2.0))
    clustered = np.isin(np.arange(N_ACCOUNTS), group.account)
    arguments = (roles, group, market_of(everyone), clustered, PARAMS)
    found = group_features(*arguments, further=further)
    assert (found.sizes_log10_lr, found.exits_log10_lr, found.cancels_log10_lr) == (-1.5, 2.0, 0.0)
    without = replace(found, sizes_log10_lr=0.0, exits_log10_lr=0.0)
    assert group_features(*arguments) == without


def opposite_share(*steps: tuple[float, int, int]) -> float:
    """Return the share for 12 rounds of (seconds, account, side)."""
    rows = [
        (START_NS + i * 10 * MINUTE_NS + int((20 + second) * SECOND_NS), account, 0, side)
        for i in range(12)
        for second, account, side in steps
    ]
    group = decision_columns(sorted(rows))
    cluster = Cluster((0, 1), frozenset(), 30.0, (Link(0, 1),))
    roles = find_roles(cluster, group, groups=PARAMS.groups, rank_test=PARAMS.rank_test)
    assert roles is not None
    clustered = np.isin(np.arange(N_ACCOUNTS), group.account)
    features = group_features(
        roles, group, market_of(group), clustered, PARAMS, links=cluster.links
    )
    return features.opposite_share


def test_a_sandwich_is_seen_by_its_opposite_legs() -> None:
    assert opposite_share((0, 0, 0), (1, 1, 0), (2, 0, 1)) == 1.0


def test_copying_is_no_sandwich() -> None:
    scalped = ((0, 0, 0), (1, 1, 0), (3, 0, 1), (4, 1, 1))
    assert opposite_share(*scalped) == 0.0
    quick_profit = ((0, 0, 0), (1, 1, 0), (3, 1, 1), (60, 0, 1))
    assert opposite_share(*quick_profit) == 0.0
    left_out = ((0, 0, 0), (1, 1, 0), (20, 0, 1))
    assert opposite_share(*left_out) == 0.0


def basket_share(*steps: tuple[float, int, int], siblings: dict[int, tuple[int, ...]]) -> float:
    """Return the share for 12 rounds of (seconds, account, family)."""
    rows = [
        (START_NS + i * 10 * MINUTE_NS + int((20 + second) * SECOND_NS), account, family, i % 2)
        for i in range(12)
        for second, account, family in steps
    ]
    everyone = decision_columns(sorted(rows))
    group = everyone.take(np.flatnonzero(everyone.account < 2))
    cluster = Cluster((0, 1), frozenset(), 30.0, (Link(0, 1),))
    roles = find_roles(cluster, group, groups=PARAMS.groups, rank_test=PARAMS.rank_test)
    assert roles is not None
    clustered = np.isin(np.arange(N_ACCOUNTS), group.account)
    market = market_of(everyone)
    return group_features(roles, group, market, clustered, PARAMS, siblings=siblings).basket_share


def test_a_basket_is_traded_in_several_families_at_once() -> None:
    legs = ((0, 0, 0), (0.1, 0, 1), (0.2, 1, 0), (0.3, 1, 1))
    assert basket_share(*legs, siblings={}) == 1.0
    assert basket_share((0, 0, 0), (0.2, 1, 0), (30, 0, 1), (30.2, 1, 1), siblings={}) == 0.0


def test_a_firm_may_trade_each_leg_from_an_account_of_its_own() -> None:
    legs = ((0, 0, 0), (0.1, 5, 1), (0.2, 1, 0), (0.3, 6, 1))
    assert basket_share(*legs, siblings={}) == 0.0
    assert basket_share(*legs, siblings={0: (0, 5), 1: (1, 6)}) == 1.0


def test_a_market_log_gives_back_an_accounts_decisions() -> None:
    everyone, group, _ = group_in_market(3)
    again = market_of(everyone).decisions_of(MEMBERS)
    order = np.lexsort((group.account, group.side, group.family, group.event_time_ns))
    for name in ("event_time_ns", "account", "family", "side"):
        np.testing.assert_array_equal(getattr(again, name), getattr(group, name)[order])


@pytest.mark.parametrize("seed", [1, 2])
def test_lags_agree_with_a_plain_loop(seed: int) -> None:
    _, group, roles = group_in_market(seed)
    lags = measure_lags(roles, group, look_back_ns=PARAMS.rank_test.look_back_ns)

    def count(shift_ns: int) -> np.ndarray:
        found = []
        for follower in roles.followers:
            for row in roles.source_rows.tolist():
                t = int(group.event_time_ns[row]) + shift_ns
                later = [
                    int(group.event_time_ns[i]) - t
                    for i in range(len(group))
                    if group.account[i] == follower.account
                    and group.family[i] == group.family[row]
                    and group.side[i] == group.side[row]
                    and group.event_time_ns[i] >= t
                ]
                if later:
                    found.append(min(later) / 1e6)
        return np.histogram(found, lags.edges_ms)[0]

    np.testing.assert_array_equal(lags.observed, count(0))
    np.testing.assert_allclose(lags.expected, np.mean([count(s) for s in SHIFTS_NS], axis=0))
    assert lags.edges_ms[0] == 0.0
    assert lags.edges_ms[1] == 0.01  # 10 µs: server-side copiers are not one bin
    assert lags.edges_ms[-1] == 120_000.0
    assert np.all(np.diff(lags.edges_ms) > 0)


def evidence(*ln_e: float) -> PairEvidence:
    n = len(ln_e)
    return PairEvidence(
        leader=np.zeros(n, np.int32),
        follower=np.arange(1, n + 1, dtype=np.int32),
        channel=np.zeros(n, np.int8),
        ln_e=np.array(ln_e, np.float64),
        answers=np.full(n, 3, np.int64),
        opportunities=np.full(n, 3, np.int64),
    )


def test_placebo_crossings_are_summed_over_the_shifts() -> None:
    m = 10_000
    high, middle = ln_threshold(m, 0.05), ln_threshold(m, 1.0)
    ghosts = {300: evidence(high, middle, 0.0), 600: evidence(middle - 1e-9)}
    strict, one, ten = count_placebo(ghosts, m=m, params=PlaceboParams())
    assert (strict.crossings, strict.expected, strict.bound) == (1, 0.1, 1)
    assert strict.by_shift == {300: 1, 600: 0}
    assert strict.within_bound
    assert (one.crossings, one.bound) == (2, 6)  # 99% of Poisson(2)
    assert (ten.crossings, ten.bound) == (3, 31)  # 99% of Poisson(20)


def test_too_many_crossings_break_the_bound() -> None:
    ghosts = {300: evidence(99.0, 99.0)}
    assert not count_placebo(ghosts, m=10, params=PlaceboParams())[0].within_bound


def test_without_a_shift_nothing_is_promised_and_nothing_broken() -> None:
    for count in count_placebo({}, m=10, params=PlaceboParams()):
        assert (count.crossings, count.bound, count.expected) == (0, 0, 0.0)
        assert count.within_bound
