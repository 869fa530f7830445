"""The detector: neither batches, shards nor restarts change what it finds; both controls."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from helpers.orders import DAY_NS, MINUTE_NS, SECOND_NS, START_NS, order_columns, random_orders
from scipy.stats import binom

from models.columns import OrderColumns, PairEvidence
from models.evidence import ln_threshold
from models.looks import looks_of
from models.params import DetectionParams
from models.slow_look_params import SlowLookParams
from surveillance.pipeline.detector import Detector

SHIFT_NS = 300 * SECOND_NS
N_ACCOUNTS = 30


@pytest.fixture(scope="module")
def orders() -> OrderColumns:
    return random_orders(
        np.random.default_rng(3),
        n_orders=6_000,
        n_accounts=N_ACCOUNTS,
        n_families=5,
        mean_gap_ns=3 * SECOND_NS,
        tie_share=0.3,
    )


def detect(
    orders: OrderColumns,
    cuts: list[int] | None = None,
    *,
    n_shards: int = 8,
    n_accounts: int = N_ACCOUNTS,
    snapshots: bool = False,
) -> tuple[Detector, PairEvidence, PairEvidence]:
    def new() -> Detector:
        return Detector(
            DetectionParams(),
            n_accounts=n_accounts,
            shifts_ns=(SHIFT_NS,),
            n_shards=n_shards,
            n_workers=2,
        )

    detector = new()
    edges = [0, *(cuts or []), len(orders)]
    for start, end in pairwise(edges):
        detector.process(orders.take(slice(start, end)))
        if snapshots:
            later = new()
            later.restore(detector.snapshot())
            detector = later
    detector.close()
    return detector, detector.pair_evidence(), detector.pair_evidence(shift_ns=SHIFT_NS)


def assert_same(a: PairEvidence, b: PairEvidence) -> None:
    for column in fields(PairEvidence):
        if column.name == "ln_e":
            np.testing.assert_allclose(a.ln_e, b.ln_e, rtol=0, atol=1e-9)
        else:
            np.testing.assert_array_equal(getattr(a, column.name), getattr(b, column.name))


@pytest.mark.parametrize("snapshots", [False, True])
def test_batches_and_restarts_change_nothing(orders: OrderColumns, snapshots: bool) -> None:
    whole, pairs, ghosts = detect(orders)
    assert len(pairs) > 100
    assert len(ghosts) > 100
    tie = int(np.flatnonzero(np.diff(orders.event_time_ns) == 0)[500])
    rng = np.random.default_rng(0)
    for cuts in ([tie + 1], sorted(rng.integers(0, 6_000, 40).tolist()), list(range(1, 200))):
        part, found, found_ghosts = detect(orders, cuts, snapshots=snapshots)
        assert_same(found, pairs)
        assert_same(found_ghosts, ghosts)
        assert part.n_starts == whole.n_starts
        np.testing.assert_array_equal(part.decisions_by_account(), whole.decisions_by_account())


@pytest.mark.parametrize("n_shards", [1, 2, 3])
def test_shards_change_nothing(orders: OrderColumns, n_shards: int) -> None:
    whole, pairs, ghosts = detect(orders)
    part, found, found_ghosts = detect(orders, [1_000, 2_500], n_shards=n_shards)
    assert_same(found, pairs)
    assert_same(found_ghosts, ghosts)
    assert part.n_starts == whole.n_starts
    for shift in (0, SHIFT_NS):
        np.testing.assert_array_equal(
            part.decisions_by_account(shift_ns=shift), whole.decisions_by_account(shift_ns=shift)
        )


def test_evidence_among_some_accounts_is_theirs_in_the_whole(orders: OrderColumns) -> None:
    detector, pairs, _ = detect(orders)
    among = np.arange(N_ACCOUNTS) % 3 == 0
    inside = pairs.take(among[pairs.leader] & among[pairs.follower])
    assert 0 < len(inside) < len(pairs)
    assert_same(detector.pair_evidence(among=among), inside)


def test_nothing_read_is_nothing_found() -> None:
    detector, pairs, ghosts = detect(OrderColumns.empty(), n_accounts=0)
    assert (len(pairs), len(ghosts), detector.n_tests) == (0, 0, 1)


def honest_market(seed: int, n_accounts: int, n_days: int) -> list[tuple[int, int, int, int]]:
    """Return independent accounts: heavy-tailed rates, common bursts, slicers on the minute."""
    rng = np.random.default_rng(seed)
    rows = []
    rate = np.minimum(rng.pareto(1.2, n_accounts) + 0.3, 25) * 20  # decisions a day
    for day in range(n_days):
        opens = START_NS + day * DAY_NS
        bursts = opens + (rng.random(12) * 8 * 3600 * SECOND_NS).astype(np.int64)
        sides = rng.integers(0, 2, bursts.size)
        for account in range(n_accounts):
            n = rng.poisson(rate[account])
            times = opens + (rng.random(n) * 8 * 3600 * SECOND_NS).astype(np.int64)
            rows += [
                (int(t), account, 0, int(s))
                for t, s in zip(times, rng.integers(0, 2, n), strict=True)
            ]
            for burst in np.flatnonzero(rng.random(bursts.size) < 0.3):
                late = int(rng.exponential(8 * SECOND_NS))
                rows.append((int(bursts[burst]) + late, account, 0, int(sides[burst])))
            if account % 10 == 0:  # a slicer: an hour of orders in the first second of each minute
                start = opens + int(rng.integers(0, 7)) * 60 * MINUTE_NS
                side = int(rng.integers(0, 2))
                rows += [
                    (start + m * MINUTE_NS + int(rng.random() * SECOND_NS), account, 0, side)
                    for m in range(60)
                ]
    return rows


def with_copier(
    rows: list[tuple[int, int, int, int]], leader: int, copier: int, seed: int
) -> list[tuple[int, int, int, int]]:
    rng = np.random.default_rng(seed)
    kept = [row for row in rows if row[1] != copier]
    copies = [
        (t + int(rng.uniform(0.5, 5) * SECOND_NS), copier, family, side)
        for t, account, family, side in rows
        if account == leader and rng.random() < 0.8
    ]
    return kept + copies


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_independent_accounts_cross_no_more_often_than_stated(seed: int) -> None:
    n_accounts = 120
    rows = sorted(honest_market(seed, n_accounts, 3))
    detector, pairs, ghosts = detect(order_columns(rows), n_accounts=n_accounts)
    m = detector.n_tests
    for tolerated in (1.0, 10.0, 100.0):
        bound = binom.ppf(0.99, m, tolerated / m)
        for found in (pairs, ghosts):
            assert np.count_nonzero(found.ln_e >= ln_threshold(m, tolerated)) <= bound


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_copier_is_found_and_nobody_else(seed: int) -> None:
    n_accounts = 120
    rows = honest_market(seed, n_accounts, 3)
    n_of = np.bincount([row[1] for row in rows], minlength=n_accounts)
    leader = int(np.argmin(np.abs(n_of - 150)))
    copier = (leader + 1) % n_accounts
    orders = order_columns(sorted(with_copier(rows, leader, copier, seed)))
    detector, pairs, _ = detect(orders, n_accounts=n_accounts)
    found = pairs.ln_e >= ln_threshold(detector.n_tests, 0.05)
    assert set(zip(pairs.leader[found], pairs.follower[found], strict=True)) == {(leader, copier)}
    assert pairs.channel[found].tolist() == [0]


def test_a_copier_that_also_trades_on_its_own_is_found() -> None:
    # Its own decisions answer dozens of bystanders at once, more than it has rows for.
    n_accounts = 250
    rows = honest_market(1, n_accounts, 3)
    n_of = np.bincount([row[1] for row in rows], minlength=n_accounts)
    leader, copier = np.argsort(np.abs(n_of - 150), kind="stable")[:2].tolist()
    copies = [row for row in with_copier(rows, leader, copier, 1) if row[1] == copier]
    detector, pairs, _ = detect(order_columns(sorted(rows + copies)), n_accounts=n_accounts)
    found = pairs.ln_e >= ln_threshold(detector.n_tests, 0.05)
    assert set(zip(pairs.leader[found], pairs.follower[found], strict=True)) == {(leader, copier)}


def test_a_slow_copier_of_a_busy_leader_is_found_by_the_second_look() -> None:
    # The leader decides in bursts, again before the copier has acted 40 to 100 s after the first.
    n_accounts = 120
    rng = np.random.default_rng(5)
    leader, copier = 0, 1
    rows = [row for row in honest_market(5, n_accounts, 3) if row[1] > copier]
    for day in range(3):
        for _ in range(40):
            begins = START_NS + day * DAY_NS + int(rng.random() * 8 * 3600 * SECOND_NS)
            side = int(rng.integers(0, 2))
            rows += [(begins + s * SECOND_NS, leader, 0, side) for s in range(0, 120, 15)]
            rows.append((begins + int(rng.uniform(40, 100) * SECOND_NS), copier, 0, side))
    orders = order_columns(sorted(rows))

    def ln_e(params: DetectionParams) -> float:
        with Detector(params, n_accounts=n_accounts) as detector:
            detector.process(orders)
            detector.close()
            pairs = detector.pair_evidence()
            of_both = (pairs.leader == leader) & (pairs.follower == copier)
            above = pairs.ln_e - ln_threshold(detector.n_tests, 0.05)
            assert np.all(above[~of_both & (pairs.follower != leader)] < 0)
            return float(above[of_both & (pairs.channel == 0)].max(initial=-np.inf))

    assert ln_e(DetectionParams()) > 0
    assert ln_e(DetectionParams(slow_look=SlowLookParams(kappas=()))) < 0


def test_an_inverse_copier_is_found_in_its_channel() -> None:
    rows = honest_market(4, 80, 3)
    n_of = np.bincount([row[1] for row in rows], minlength=80)
    leader = int(np.argmin(np.abs(n_of - 150)))
    copier = (leader + 1) % 80
    turned = [
        (t, a, f, 1 - s if a == copier else s)
        for t, a, f, s in with_copier(rows, leader, copier, 1)
    ]
    detector, pairs, _ = detect(order_columns(sorted(turned)), n_accounts=80)
    found = pairs.ln_e >= ln_threshold(detector.n_tests, 0.05)
    assert pairs.channel[found].tolist() == [1]
    assert (pairs.leader[found].tolist(), pairs.follower[found].tolist()) == ([leader], [copier])


def test_one_huge_instant_is_one_tie() -> None:
    # 2,000 accounts at one instant, more than the log's first size: nobody was first.
    rows = [(START_NS, account, 0, 0) for account in range(2_000)]
    _, pairs, _ = detect(order_columns(rows), n_accounts=2_000)
    assert len(pairs) == 0


def crossings(orders: OrderColumns, cuts: list[int], bar: float) -> tuple[Detector, list[tuple]]:
    detector = Detector(DetectionParams(), n_accounts=N_ACCOUNTS, watch_ln_e=bar, n_workers=2)
    noted = []
    for start, end in pairwise([0, *cuts, len(orders)]):
        detector.process(orders.take(slice(start, end)))
        taken = detector.take_crossings()
        noted += zip(*(getattr(taken, c.name).tolist() for c in fields(taken)), strict=True)
    detector.close()
    return detector, noted


def test_a_pair_is_noted_at_the_order_that_passed_the_level_however_batches_are_cut() -> None:
    rows = honest_market(1, N_ACCOUNTS, 2)
    n_of = np.bincount([row[1] for row in rows], minlength=N_ACCOUNTS)
    leader = int(np.argmin(np.abs(n_of - 100)))
    copier = (leader + 1) % N_ACCOUNTS
    orders = order_columns(sorted(with_copier(rows, leader, copier, 1)))
    bar = ln_threshold(N_ACCOUNTS**2, 0.05)
    detector, whole = crossings(orders, [], bar)
    pairs = detector.pair_evidence()
    passed = pairs.take(np.flatnonzero(pairs.ln_e >= bar))
    assert {row[1:4] for row in whole} == {(leader, copier, 0)}
    assert len(whole) <= len(looks_of(DetectionParams()))  # each look notes a pair once
    assert (passed.leader.tolist(), passed.follower.tolist()) == ([leader], [copier])
    time_ns, *_, ln_e, answers, opportunities = whole[0]
    assert bar <= ln_e <= passed.ln_e[0]
    assert 5 <= answers <= opportunities < passed.opportunities[0]
    before = orders.take(np.flatnonzero(orders.event_time_ns < time_ns))
    assert crossings(before, [], bar)[1] == []
    rng = np.random.default_rng(1)
    for cuts in (sorted(rng.integers(0, len(orders), 40).tolist()), list(range(5, 900, 3))):
        assert crossings(orders, cuts, bar)[1] == whole


def test_a_level_out_of_reach_notes_nothing(orders: OrderColumns) -> None:
    assert crossings(orders, [3_000], 1_000.0)[1] == []
