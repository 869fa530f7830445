"""Walks: somebody off the venue acts through one account after another, longer than the look-back.

Pairs farther apart than the look-back are never compared, so such a farm comes out of the pair
test in fragments. A *walk* is a run of different members' decisions in one key, each within the
look-back of the one before. Whoever acts in the walks of a fragment, far more often than others
do, is taken along; that makes the walks longer, and so on along the chain. A cluster whose walks
then outlast the look-back is a walking farm, and fragments that grew into one another are one
(method, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.attachment import Tally, mark_suspects, union
from models.features import MarketLog, quiet_decisions
from models.grouping import Cluster, Link
from models.kernels.runs import thin_runs
from models.params import DetectionParams


@dataclass(frozen=True, slots=True)
class _Walks:
    """Runs of the members' decisions, shape (n_walks,) each, by key and time."""

    key: NDArray[np.int64]
    first_ns: NDArray[np.int64]
    last_ns: NDArray[np.int64]
    is_quiet: NDArray[np.bool_]
    gap_ns: float

    def length_ns(self) -> NDArray[np.int64]:
        return self.last_ns - self.first_ns


def join_walks(
    clusters: Sequence[Cluster], market: MarketLog, params: DetectionParams
) -> tuple[Cluster, ...]:
    """Follow walks along their chains and join what belongs to one; others stay as they are.

    Parameters
    ----------
    clusters : sequence of Cluster
        With their weak members.
    market : MarketLog
        Everybody's decisions.
    params : DetectionParams
        Thresholds.
    """
    grown = [_grow(cluster, market, len(clusters), params) for cluster in clusters]
    walking = sorted(
        (cluster for cluster in grown if cluster.reach_ns is not None),
        key=lambda cluster: (-len(cluster.members), cluster.members),
    )
    others = [cluster for cluster in grown if cluster.reach_ns is None]
    joined: list[Cluster] = []
    for cluster in (*walking, *others):
        for i, walk in enumerate(joined):
            shared = len(set(cluster.members) & set(walk.members))
            least = params.groups.same_group_overlap * min(len(cluster.members), len(walk.members))
            if walk.reach_ns is not None and shared >= least and not cluster.inverted:
                joined[i] = _joined(walk, cluster)
                break
        else:
            joined.append(cluster)
    return tuple(sorted(joined, key=lambda cluster: cluster.members))


def _joined(walk: Cluster, part: Cluster) -> Cluster:
    reach_ns = max(walk.reach_ns or 0, part.reach_ns or 0)
    return replace(union(walk, part), source=None, reach_ns=reach_ns)


def _grow(core: Cluster, market: MarketLog, n_groups: int, params: DetectionParams) -> Cluster:
    """Return the cluster with all accounts of its walks; unchanged where it does not walk."""
    if core.inverted:
        return core
    look_back_ns = params.rank_test.look_back_ns
    members = core.members
    for _ in range(params.walks.most_rounds):
        walks = _find_walks(members, market, params)
        n_quiet = int(np.count_nonzero(walks.is_quiet))
        if n_quiet < params.walks.min_walks or walks.gap_ns < params.walks.min_gap_ns:
            return core
        found = _companions(walks, members, market, n_groups, params)
        if not found:
            break
        members = tuple(sorted([*members, *found]))
    length_ns = walks.length_ns()
    if np.median(length_ns) <= look_back_ns:
        return core
    extra = sorted(set(members) - set(core.members))
    leader = core.links[0].leader if core.links else core.members[0]
    return replace(
        core,
        members=members,
        links=(*core.links, *(Link(leader, account) for account in extra)),
        source=None,
        reach_ns=int(length_ns.max()),
    )


def _find_walks(members: Sequence[int], market: MarketLog, params: DetectionParams) -> _Walks:
    """Return the members' walks, those of one account alone left out."""
    decisions = market.decisions_of(members)
    key = decisions.family.astype(np.int64) * 2 + decisions.side
    order = np.lexsort((decisions.event_time_ns, key))
    decisions, key = decisions.take(order), key[order]
    times, account = decisions.event_time_ns, decisions.account
    gap = np.diff(times)
    breaks = np.r_[True, (np.diff(key) != 0) | (gap > params.rank_test.look_back_ns)]
    first = np.flatnonzero(breaks)
    walk = np.cumsum(breaks) - 1
    passed_on = ~breaks[1:] & (account[1:] != account[:-1])
    together = np.bincount(walk[1:][passed_on], minlength=first.size) > 0
    last = np.r_[first[1:], times.size] - 1
    own = np.zeros(market.n_accounts, np.bool_)
    own[list(members)] = True
    quiet = quiet_decisions(np.arange(len(decisions)), decisions, market, own, params)
    share = np.bincount(walk, quiet, minlength=first.size) / (last - first + 1)
    return _Walks(
        key=key[first][together],
        first_ns=times[first][together],
        last_ns=times[last][together],
        is_quiet=(2.0 * share >= 1.0)[together],
        gap_ns=float(np.median(gap[passed_on])) if passed_on.any() else 0.0,
    )


def _companions(
    walks: _Walks,
    members: Sequence[int],
    market: MarketLog,
    n_groups: int,
    params: DetectionParams,
) -> list[int]:
    """Return the accounts that act in the quiet walks, and hardly elsewhere, too often for chance.

    Chance is what others do within the same hours, decision by decision; a run counts once.
    """
    tally = Tally.of(market.n_accounts)
    look_back_ns, n = params.rank_test.look_back_ns, market.n_accounts
    for key in np.unique(walks.key):
        here = market.key(int(key))
        mine = walks.key == key
        opens, closes = walks.first_ns[mine] - look_back_ns, walks.last_ns[mine] + look_back_ns
        place = np.searchsorted(opens, here.event_time_ns, "right") - 1
        inside = (place >= 0) & (here.event_time_ns <= closes[np.maximum(place, 0)])
        quiet = walks.is_quiet[mine]
        counted = ~inside | quiet[np.maximum(place, 0)]
        rows = np.flatnonzero(counted & ~np.isin(here.account, members))
        walk = np.where(inside, place, -1)[rows]
        kept = np.zeros(rows.size, np.bool_)
        long_ago = np.full(n, np.iinfo(np.int64).min // 2, np.int64)
        thin_runs(
            here.account[rows],
            here.event_time_ns[rows],
            walk,
            look_back_ns,
            np.full(n, -1, np.int64),
            long_ago,
            kept,
        )
        account, near = here.account[rows[kept]], (walk[kept] >= 0).astype(np.float64)
        n_walks = int(np.count_nonzero(quiet))
        others = ~mark_suspects(account, near, n_walks, n, params)
        block = here.event_time_ns[rows[kept]] // params.walks.block_ns
        tally.add(account, near, block, others)
    n_tests = n_groups * n * params.walks.most_rounds
    bar = np.log(params.groups.tolerated_false_attachments / n_tests)
    least = params.walks.min_participation * np.count_nonzero(walks.is_quiet)
    return np.flatnonzero((tally.ln_p() <= bar) & (tally.near >= least)).tolist()
