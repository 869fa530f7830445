"""Walks: a chain longer than the look-back becomes one group, nothing else changes."""

import numpy as np
from numpy.random import Generator

from models.features import KeyLog, MarketLog
from models.grouping import Cluster, Link
from models.params import DAY_NS, SECOND_NS, DetectionParams
from models.walks import join_walks

N_ACCOUNTS = 300
FARM = tuple(range(20))
PARAMS = DetectionParams()


def market(rng: Generator, gap_s: float, walks: int = 12) -> MarketLog:
    """Strangers at random times, and a farm that walks from account to account on 3 days."""
    n_strange = 9_000
    times = rng.integers(0, 3 * DAY_NS, n_strange)
    accounts = rng.integers(len(FARM), N_ACCOUNTS, n_strange)
    for start in rng.choice(70, walks, replace=False) * 3600 * SECOND_NS:
        joins = rng.random(len(FARM)) < 0.8
        gaps_s = np.where(joins, gap_s * rng.uniform(0.5, 1.5, len(FARM)), 0.0)
        at = start + 900 * SECOND_NS + (np.cumsum(gaps_s) * SECOND_NS).astype(np.int64)
        times, accounts = np.r_[times, at[joins]], np.r_[accounts, np.array(FARM)[joins]]
    order = np.argsort(times, kind="stable")
    return MarketLog(N_ACCOUNTS, {0: KeyLog(times[order], accounts[order].astype(np.int32))})


def fragment(*members: int) -> Cluster:
    links = tuple(Link(members[0], member, 40.0) for member in members[1:])
    return Cluster(members, frozenset(), 40.0, links, members[0])


def test_fragments_of_one_walk_become_the_whole_farm_and_no_stranger() -> None:
    log = market(np.random.default_rng(1), gap_s=40.0)
    (found,) = join_walks([fragment(2, 3, 4), fragment(14, 15)], log, PARAMS)
    assert found.members == FARM
    assert found.reach_ns is not None
    assert found.reach_ns > PARAMS.rank_test.look_back_ns


def test_members_that_act_within_seconds_are_no_walk() -> None:
    log = market(np.random.default_rng(2), gap_s=3.0)
    core = fragment(2, 3, 4)
    assert join_walks([core], log, PARAMS) == (core,)


def test_a_few_walks_tell_nothing() -> None:
    log = market(np.random.default_rng(3), gap_s=40.0, walks=3)
    core = fragment(2, 3, 4)
    assert join_walks([core], log, PARAMS) == (core,)


def test_accounts_that_meet_by_chance_gain_nobody() -> None:
    log = market(np.random.default_rng(4), gap_s=40.0)
    strangers = fragment(100, 101, 102)
    assert join_walks([strangers], log, PARAMS) == (strangers,)


def test_two_farms_on_their_own_times_stay_apart() -> None:
    rng = np.random.default_rng(5)
    one, other = market(rng, gap_s=40.0).key(0), market(rng, gap_s=40.0).key(0)
    shifted = np.where(other.account < len(FARM), other.account + N_ACCOUNTS, other.account)
    times = np.r_[one.event_time_ns, other.event_time_ns + 1800 * SECOND_NS]
    order = np.argsort(times, kind="stable")
    accounts = np.r_[one.account, shifted][order].astype(np.int32)
    log = MarketLog(N_ACCOUNTS + len(FARM), {0: KeyLog(times[order], accounts)})
    first, second = join_walks([fragment(2, 3), fragment(302, 303)], log, PARAMS)
    assert set(first.members) <= set(FARM)
    assert set(second.members) <= {account + N_ACCOUNTS for account in FARM}
    assert min(len(first.members), len(second.members)) >= 18
