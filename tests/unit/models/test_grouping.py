"""Validated pairs to clusters: cliques, bridges, stars, who acts inversely."""

from itertools import permutations

import numpy as np

from models.columns import INVERSE, SAME_SIDE, PairEvidence
from models.grouping import Cluster, find_clusters
from models.params import GroupParams

LN_T = 20.0


def pairs(*rows: tuple[int, int, float] | tuple[int, int, float, int]) -> PairEvidence:
    full = sorted((*row, SAME_SIDE) if len(row) == 3 else row for row in rows)
    return PairEvidence(
        leader=np.array([r[0] for r in full], np.int32),
        follower=np.array([r[1] for r in full], np.int32),
        channel=np.array([r[3] for r in full], np.int8),
        ln_e=np.array([r[2] for r in full], np.float64),
        answers=np.full(len(full), 9, np.int64),
        opportunities=np.full(len(full), 9, np.int64),
    )


def clusters(*rows: tuple[int, int, float] | tuple[int, int, float, int]) -> tuple[Cluster, ...]:
    return find_clusters(pairs(*rows), ln_threshold=LN_T, params=GroupParams())


def clique(*members: int) -> list[tuple[int, int, float]]:
    return [(a, b, 30.0) for a, b in permutations(members, 2)]


def test_pairs_below_the_threshold_make_no_cluster() -> None:
    assert clusters() == ()
    assert clusters((1, 2, LN_T - 1e-9)) == ()
    assert clusters((1, 2, LN_T))[0].members == (1, 2)


def test_a_star_is_one_cluster_with_its_strongest_links() -> None:
    found = clusters(*[(0, f, 25.0 + f) for f in range(1, 40)], (3, 4, 22.0))
    assert [c.members for c in found] == [tuple(range(40))]
    assert found[0].ln_e == 64.0
    assert {link[:2] for link in found[0].links} == {(3, 4), *((0, f) for f in range(1, 40))}
    assert found[0].strongest_leader == 0


def four_cliques() -> list[range]:
    return [range(start, start + 10) for start in (0, 10, 20, 30)]


def test_providers_with_common_followers_stay_groups_of_their_own() -> None:
    groups = four_cliques()
    bridges = [(group[0], 90 + i, 30.0) for i in range(3) for group in (groups[i], groups[i + 1])]
    found = clusters(*(pair for group in groups for pair in clique(*group)), *bridges)
    assert [tuple(m for m in c.members if m < 90) for c in found] == [tuple(g) for g in groups]


def test_parts_whose_members_know_one_another_are_one_group() -> None:
    # Followers of one source in four families: each has a validated pair in the next part.
    groups = four_cliques()
    ties = [(a, b, 30.0) for i in range(3) for a, b in zip(groups[i], groups[i + 1], strict=True)]
    found = clusters(*(pair for group in groups for pair in clique(*group)), *ties)
    assert [c.members for c in found] == [tuple(range(40))]


def test_separate_cliques_stay_separate_in_order() -> None:
    found = clusters(*clique(7, 8, 9), *clique(1, 2), *clique(3, 5))
    assert [c.members for c in found] == [(1, 2), (3, 5), (7, 8, 9)]


def test_who_acts_inversely_follows_the_strongest_edges() -> None:
    found = clusters(
        (1, 2, 40.0, INVERSE), (2, 3, 30.0), (1, 3, 25.0), (3, 4, 30.0, INVERSE), (2, 1, 21.0)
    )
    assert found[0].members == (1, 2, 3, 4)
    assert found[0].inverted == {2, 3}  # 4 turns 3's turned side back


def test_a_pair_in_both_channels_takes_the_stronger() -> None:
    assert clusters((1, 2, 40.0, INVERSE), (1, 2, 41.0))[0].inverted == frozenset()
    assert clusters((1, 2, 41.0, INVERSE), (1, 2, 40.0))[0].inverted == {2}
