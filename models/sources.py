"""Clusters that hold several sources: a follower of two providers joins strangers.

A source is a member that no validated pair leads. Two sources are one where they act together more
often than when the one is shifted in time; otherwise each takes the members that its links reach,
and a follower of both stands in two clusters (method, section 3).
"""

from itertools import combinations

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from models.columns import DecisionColumns
from models.features import MarketLog
from models.grouping import Cluster
from models.params import SHIFTS_NS, DetectionParams


def split_by_source(
    core: Cluster, market: MarketLog, params: DetectionParams
) -> tuple[Cluster, ...]:
    """Return the cluster, or one a source where it holds several, by first member.

    Parameters
    ----------
    core : Cluster
        A cluster of the strict graph.
    market : MarketLog
        Everybody's decisions.
    params : DetectionParams
        Thresholds.
    """
    led = {link.follower for link in core.links}
    roots = [member for member in core.members if member not in led]
    if len(roots) < 2 or not core.links:
        return (core,)
    sources: nx.Graph[int] = nx.Graph()
    sources.add_nodes_from(roots)
    for a, b in combinations(roots, 2):
        if act_together(a, b, market, params):
            sources.add_edge(a, b)
    parts = [sorted(part) for part in nx.connected_components(sources)]
    if len(parts) < 2:
        return (core,)
    found = [
        _part(core, members, part[0] if len(part) == 1 else None)
        for part, members in zip(parts, _followers(core, parts), strict=True)
        if len(members) > 1
    ]
    return tuple(sorted(found, key=lambda cluster: cluster.members))


def _followers(core: Cluster, parts: list[list[int]]) -> list[set[int]]:
    """Return the members of each part: its sources, and whom they lead.

    Followers of one source lead one another too, so only the links of a source count; whom none
    leads goes where its strongest link is, and else to the largest part.
    """
    members = [set(part) for part in parts]
    for source in members:
        source |= {link.follower for link in core.links if link.leader in source}
    for account in set(core.members) - set().union(*members):
        leaders = [link.leader for link in core.links if link.follower == account]
        homes = [part for leader in leaders for part in members if leader in part]
        (homes[0] if homes else max(members, key=len)).add(account)
    largest = max(members, key=len)
    for part in members:  # a source whose links were not among the strongest few
        if len(part) == 1:
            largest |= part
    return members


def _part(core: Cluster, members: set[int], source: int | None) -> Cluster:
    links = tuple(link for link in core.links if {link.leader, link.follower} <= members)
    return Cluster(
        members=tuple(sorted(members)),
        inverted=core.inverted & members,
        ln_e=links[0].ln_e,
        links=links,
        strongest_leader=links[0].leader,
        source=source,
    )


def act_together(a: int, b: int, market: MarketLog, params: DetectionParams) -> bool:
    """Whether the less active of two accounts acts near the other more often than chance gives.

    Parameters
    ----------
    a, b : int
        Account codes.
    market : MarketLog
        Everybody's decisions.
    params : DetectionParams
        Thresholds.
    """
    decisions = market.decisions_of((a, b))
    rows = sorted(
        (np.flatnonzero(decisions.account == account) for account in (a, b)),
        key=lambda found: found.size,
    )
    near = _near_share(rows[0], rows[1], decisions, 0, params)
    chance = np.mean([_near_share(rows[0], rows[1], decisions, s, params) for s in SHIFTS_NS])
    return bool(near > params.groups.same_source_factor * chance + params.groups.same_source_share)


def _near_share(
    few: NDArray[np.int64],
    many: NDArray[np.int64],
    decisions: DecisionColumns,
    shift_ns: int,
    params: DetectionParams,
) -> float:
    """Return the share of `few` with one of `many` in the same family within the look-back.

    On either side: one of them may be an inverse follower of the other.
    """
    window_ns = params.rank_test.look_back_ns
    n_near = 0
    for family in np.unique(decisions.family[few]):
        times = decisions.event_time_ns[few[decisions.family[few] == family]] + shift_ns
        others = decisions.event_time_ns[many[decisions.family[many] == family]]
        from_row = np.searchsorted(others, times - window_ns, "left")
        to_row = np.searchsorted(others, times + window_ns, "right")
        n_near += int(np.count_nonzero(to_row > from_row))
    return n_near / max(few.size, 1)
