"""Real people and real bursts: what the detector must and must not find on the public sets."""

import os
from pathlib import Path

import pytest

from surveillance.jobs.real_data import (
    POSTS_DE,
    POSTS_RU,
    REPLICATION_MARKETS,
    RealDataReport,
    evaluate_real_data,
)

ROOT = Path(os.environ.get("REAL_DATA", "../shared/data"))

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def report() -> RealDataReport:
    for name in (REPLICATION_MARKETS, POSTS_DE, POSTS_RU):
        if not (ROOT / name).is_dir():
            pytest.skip(f"the public set {name} is not in REAL_DATA ({ROOT})")
    return evaluate_real_data(ROOT)


def test_researchers_who_trade_alone_are_not_linked(report) -> None:
    assert report.markets.n_pairs_validated == 0
    assert report.markets.groups == ()


def test_copiers_planted_among_them_come_back_with_their_leader(report) -> None:
    planted = report.planted
    assert [(group.verdict, group.leader) for group in planted.scan.groups] == [
        ("EXTERNAL", planted.leader)
    ]
    assert planted.n_copiers_found == planted.plan.n_copiers
    assert planted.n_strangers_found == 0
    assert planted.n_ratios_right == planted.plan.n_copiers


def test_bursts_of_posts_keep_the_placebo_inside_its_bound(report) -> None:
    assert report.posts_de.is_within_bound
    assert report.posts_ru.is_within_bound


def test_the_peers_rule_links_more_than_the_detector_on_its_example(report) -> None:
    _, accounts, pairs, groups = report.peer.pairs_by_times[0]
    assert report.peer.our_pairs < pairs
    assert report.peer.our_accounts < accounts
    assert groups > 0


def test_everything_wanted_of_the_real_sets_is_met(report) -> None:
    assert report.failures() == ()
