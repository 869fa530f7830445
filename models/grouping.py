"""Validated pairs to clusters: strict graph, components, modularity.

Only pairs at or above the threshold make edges. Components are split by modularity where that
finds distinct parts, never kept as one blob (method, section 3). Weak members come later, in
models/attachment.py.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx
import numpy as np

from models.columns import INVERSE, PairEvidence
from models.params import GroupParams


class Link(NamedTuple):
    """A validated pair; `ln_e` is 0 for a member that was attached to the group as a whole."""

    leader: int
    follower: int
    ln_e: float = 0.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """Accounts that move together, before roles.

    Attributes
    ----------
    members : tuple of int
        Account codes, ascending.
    inverted : frozenset of int
        Members that act on the other side of the first member's.
    ln_e : float
        Evidence of the strongest pair inside.
    links : tuple of Link
        Validated pairs inside, strongest first: the strongest few of each follower. A copier
        that serves its followers one after another makes pairs of all of them, and only the
        slower ones tell how long an episode lasts.
    strongest_leader : int or None
        Who leads the strongest pair inside.
    source : int or None
        Who leads, where that is settled: several sources were told apart.
    reach_ns : int or None
        Length of the longest walk, where the members act one after another for longer than the
        look-back; an answer may take so long.
    """

    members: tuple[int, ...]
    inverted: frozenset[int]
    ln_e: float
    links: tuple[Link, ...] = ()
    strongest_leader: int | None = None
    source: int | None = None
    reach_ns: int | None = None


def find_clusters(
    pairs: PairEvidence, *, ln_threshold: float, params: GroupParams
) -> tuple[Cluster, ...]:
    """Return the clusters of the strict graph, by first member.

    Parameters
    ----------
    pairs : PairEvidence
        All pairs with evidence, validated or not.
    ln_threshold : float
        ln T: at or above it a pair is validated.
    params : GroupParams
        Thresholds.
    """
    graph: nx.Graph[int] = nx.Graph()
    for row in np.flatnonzero(pairs.ln_e >= ln_threshold):
        leader, follower = int(pairs.leader[row]), int(pairs.follower[row])
        weight = float(pairs.ln_e[row])
        known = graph.get_edge_data(leader, follower)
        if known is None or known["weight"] < weight:
            graph.add_edge(leader, follower, weight=weight, channel=int(pairs.channel[row]))
    fixed: list[list[int]] = []
    for component in nx.connected_components(graph):
        fixed.extend(_split(graph.subgraph(sorted(component)), params))
    validated = pairs.take(pairs.ln_e >= ln_threshold)
    return tuple(_orient(graph, validated, members, params) for members in sorted(fixed))


def _split(component: "nx.Graph[int]", params: GroupParams) -> list[list[int]]:
    parts = nx.community.louvain_communities(component, weight=None, seed=params.louvain_seed)
    if nx.community.modularity(component, parts, weight=None) < params.min_modularity:
        return [sorted(component)]
    whole = _rejoined(component, [sorted(part) for part in parts], params)
    return [part for part in whole if len(part) > 1]


def _rejoined(
    component: "nx.Graph[int]", parts: list[list[int]], params: GroupParams
) -> list[list[int]]:
    """Join parts where most of the smaller one has validated pairs with the other.

    Two providers with a common follower stay two groups; a large group whose followers trade in
    different families stays one.
    """
    tied: nx.Graph[int] = nx.Graph()
    tied.add_nodes_from(range(len(parts)))
    for i, a in enumerate(parts):
        for j, b in enumerate(parts[:i]):
            small, other = sorted((a, b), key=len)
            n_tied = sum(any(component.has_edge(x, y) for y in other) for x in small)
            if n_tied >= params.same_group_overlap * len(small):
                tied.add_edge(i, j)
    return [
        sorted(member for i in same for member in parts[i])
        for same in nx.connected_components(tied)
    ]


def _orient(
    graph: "nx.Graph[int]", pairs: PairEvidence, members: list[int], params: GroupParams
) -> Cluster:
    """Settle who acts inversely: along the strongest edges from the first member."""
    inside = graph.subgraph(members)
    inverted: set[int] = set()
    tree = nx.maximum_spanning_tree(inside, weight="weight")
    for component in nx.connected_components(tree):
        for a, b in nx.bfs_edges(tree, min(component)):
            if (tree.edges[a, b]["channel"] == INVERSE) != (a in inverted):
                inverted.add(b)
    strongest = max((float(data["weight"]) for _, _, data in inside.edges(data=True)), default=0.0)
    links = _links(pairs, members, params.links_a_member)
    return Cluster(
        members=tuple(members),
        inverted=frozenset(inverted),
        ln_e=strongest,
        links=links,
        strongest_leader=links[0].leader,
    )


def _links(pairs: PairEvidence, members: list[int], n_each: int) -> tuple[Link, ...]:
    """Return the validated pairs inside, the strongest first, at most `n_each` a follower."""
    inside = np.flatnonzero(np.isin(pairs.leader, members) & np.isin(pairs.follower, members))
    order = inside[np.lexsort((pairs.follower[inside], pairs.leader[inside], -pairs.ln_e[inside]))]
    n_of: Counter[int] = Counter()
    links = []
    for row in order.tolist():
        link = Link(int(pairs.leader[row]), int(pairs.follower[row]), float(pairs.ln_e[row]))
        n_of[link.follower] += 1
        if n_of[link.follower] <= n_each:
            links.append(link)
    return tuple(links)
