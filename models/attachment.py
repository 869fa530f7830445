"""Weak members: every account tested against a fixed group, N tests instead of N squared.

Given the market's times, an account that has nothing to do with the group decides in the windows
around the source's decisions as often as everybody else does at that time of day. Its number of
such decisions is then a sum of indicators, bounded by the binomial with the same mean (Hoeffding
1956) and so by exp(-n KL(k/n || p)); runs count once, since their decisions are not independent.
Only quiet source decisions count: around the others everybody acts. Whoever answers all of them
far too often is no part of that everybody. Parts that turn out to hold the same accounts are
joined, and an account may stand in several groups (method, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.columns import INVERSE, N_CHANNELS, SAME_SIDE, DecisionColumns
from models.features import MarketLog, quiet_decisions
from models.grouping import Cluster, Link
from models.kernels.runs import thin_runs
from models.params import DetectionParams
from models.roles import Roles, find_roles
from models.sources import act_together, split_by_source

_DIRECTIONS = (1, -1)  # followers act after the source, an overlooked leader before it


@dataclass(slots=True)
class Tally:
    """Decisions near the source's, by account: how many, out of how many, how many expected."""

    near: NDArray[np.float64]
    all: NDArray[np.float64]
    expected: NDArray[np.float64]

    @classmethod
    def of(cls, n_accounts: int) -> "Tally":
        """Return an empty tally of so many accounts."""
        return cls(*(np.zeros(n_accounts) for _ in range(3)))

    def add(
        self,
        account: NDArray[np.int32],
        near: NDArray[np.float64],
        time_bin: NDArray[np.int64],
        others: NDArray[np.bool_],
    ) -> None:
        """Add decisions, one a row; those of `others` show what chance gives in each time bin."""
        _, place = np.unique(time_bin, return_inverse=True)
        n_near = np.bincount(place[others], near[others], minlength=int(place.max(initial=-1)) + 1)
        n_all = np.bincount(place[others], minlength=n_near.size)
        chance = (n_near + 1.0) / (n_all + 2.0)
        n = self.near.size
        self.near += np.bincount(account, near, minlength=n)
        self.all += np.bincount(account, minlength=n)
        self.expected += np.bincount(account, chance[place], minlength=n)

    def ln_p(self) -> NDArray[np.float64]:
        """Return the bound on the logarithm of the p-value, 0 where less than expected."""
        n = np.maximum(self.all, 1.0)
        share = self.near / n
        chance = np.clip(self.expected / n, 1e-12, 1.0 - 1e-12)
        rest = 1.0 - share
        with np.errstate(divide="ignore", invalid="ignore"):
            kl = np.where(share > 0, share * np.log(share / chance), 0.0)
            kl += np.where(rest > 0, rest * np.log(rest / (1.0 - chance)), 0.0)
        result: NDArray[np.float64] = np.where(share > chance, -n * kl, 0.0)
        return result


def complete_clusters(
    cores: Sequence[Cluster], market: MarketLog, params: DetectionParams
) -> tuple[Cluster, ...]:
    """Attach weak members to every cluster and join the parts of one group, by first member.

    Parameters
    ----------
    cores : sequence of Cluster
        Clusters of the strict graph.
    market : MarketLog
        Everybody's decisions.
    params : DetectionParams
        Thresholds.
    """
    single = [part for core in cores for part in split_by_source(core, market, params)]
    grown = [_attach(core, market, len(single), params) for core in single]
    joined = _join_same(grown, market, params)
    return tuple(sorted(joined, key=lambda cluster: cluster.members))


def _attach(
    core: Cluster, market: MarketLog, n_groups: int, params: DetectionParams
) -> tuple[Cluster, int]:
    """Return the cluster with the accounts that answer its source, and the source."""
    decisions = market.decisions_of(core.members)
    roles = find_roles(core, decisions, groups=params.groups, rank_test=params.rank_test)
    if roles is None:
        return core, core.members[0]
    every = np.ones(roles.source_rows.size, np.bool_)
    own = np.zeros(market.n_accounts, np.bool_)
    own[[*core.members, *_responders(roles, every, decisions, market, core, n_groups, params)]] = (
        True
    )
    quiet = quiet_decisions(roles.source_rows, decisions, market, own, params)
    if np.count_nonzero(quiet) < params.verdict.min_quiet:
        return core, roles.source
    found = _responders(roles, quiet, decisions, market, core, n_groups, params)
    extra = sorted(set(found) - set(core.members))
    source_inverted = roles.source in core.inverted
    inverted = {a for a in extra if (found[a] == INVERSE) != source_inverted}
    grown = replace(
        core,
        members=tuple(sorted([*core.members, *extra])),
        inverted=core.inverted | inverted,
        links=(*core.links, *(Link(roles.source, account) for account in extra)),
    )
    return grown, roles.source


def _responders(
    roles: Roles,
    counted: NDArray[np.bool_],
    decisions: DecisionColumns,
    market: MarketLog,
    core: Cluster,
    n_groups: int,
    params: DetectionParams,
) -> dict[int, int]:
    """Return the accounts that act near the counted source decisions, each with its channel."""
    n_tests = n_groups * market.n_accounts * N_CHANNELS * len(_DIRECTIONS)
    bar = np.log(params.groups.tolerated_false_attachments / n_tests)
    least = params.groups.min_participation * np.count_nonzero(counted)
    window_ns = max(follower.window_ns for follower in roles.followers)
    found: dict[int, int] = {}
    for channel in (SAME_SIDE, INVERSE):
        for direction in _DIRECTIONS:
            tally = _tally(
                roles, counted, decisions, market, core, channel, direction * window_ns, params
            )
            for account in np.flatnonzero((tally.ln_p() <= bar) & (tally.near >= least)).tolist():
                found.setdefault(account, channel)
    return found


def _tally(
    roles: Roles,
    counted: NDArray[np.bool_],
    decisions: DecisionColumns,
    market: MarketLog,
    core: Cluster,
    channel: int,
    window_ns: int,
    params: DetectionParams,
) -> Tally:
    """Count outsiders' decisions near the counted source decisions, and all of them.

    A run of decisions counts once: near one source decision, or within the window elsewhere.
    """
    tally = Tally.of(market.n_accounts)
    keys = decisions.family[roles.source_rows].astype(np.int64) * 2
    keys += decisions.side[roles.source_rows]
    times = decisions.event_time_ns[roles.source_rows]
    n = market.n_accounts
    for key in np.unique(keys):
        here = market.key(int(key) ^ channel)
        source = _nearest(here.event_time_ns, times[(keys == key) & counted], window_ns)
        uncounted = _nearest(here.event_time_ns, times[(keys == key) & ~counted], window_ns)
        rows = np.flatnonzero(
            ~np.isin(here.account, core.members) & ((source >= 0) | (uncounted < 0))
        )
        kept = np.zeros(rows.size, np.bool_)
        thin_runs(
            here.account[rows],
            here.event_time_ns[rows],
            source[rows],
            abs(window_ns),
            np.full(n, -1, np.int64),
            np.full(n, np.iinfo(np.int64).min // 2, np.int64),
            kept,
        )
        account = here.account[rows[kept]]
        near = (source[rows[kept]] >= 0).astype(np.float64)
        others = ~mark_suspects(
            account, near, int(np.count_nonzero((keys == key) & counted)), n, params
        )
        tally.add(
            account, near, here.event_time_ns[rows[kept]] // params.groups.attachment_bin_ns, others
        )
    return tally


def mark_suspects(
    account: NDArray[np.int32],
    near: NDArray[np.float64],
    n_source: int,
    n_accounts: int,
    params: DetectionParams,
) -> NDArray[np.bool_]:
    """Mark decisions of accounts that answer much of the source and do little else.

    What the others do near the source is chance; a large group would be its own excuse.
    """
    n_near = np.bincount(account, near, minlength=n_accounts)
    n_all = np.bincount(account, minlength=n_accounts)
    least = params.groups.suspect_share
    suspects = (n_near >= least * n_source) & (n_near >= least * n_all) & (n_near > 0)
    marked: NDArray[np.bool_] = suspects[account]
    return marked


def _nearest(
    times: NDArray[np.int64], source: NDArray[np.int64], window_ns: int
) -> NDArray[np.int64]:
    """Return which source decision each time lies near, -1 for none.

    Within the window after it, or before it where the window is negative.
    """
    if source.size == 0:
        return np.full(times.size, -1, np.int64)
    if window_ns >= 0:
        place = np.searchsorted(source, times, "right") - 1
        near = (place >= 0) & (times - source[np.maximum(place, 0)] <= window_ns)
    else:
        place = np.searchsorted(source, times, "left")
        last = source.size - 1
        near = (place <= last) & (source[np.minimum(place, last)] - times <= -window_ns)
    return np.where(near, place, -1)


def _join_same(
    grown: list[tuple[Cluster, int]], market: MarketLog, params: DetectionParams
) -> list[Cluster]:
    """Join clusters that share most of the smaller one and whose sources act together."""
    joined: list[tuple[Cluster, int]] = []
    for cluster, source in sorted(grown, key=lambda g: (-len(g[0].members), g[0].members)):
        for i, (other, its_source) in enumerate(joined):
            shared = len(set(cluster.members) & set(other.members))
            least = min(len(cluster.members), len(other.members))
            if shared >= params.groups.same_group_overlap * least and (
                source == its_source or act_together(source, its_source, market, params)
            ):
                joined[i] = (union(other, cluster), its_source)
                break
        else:
            joined.append((cluster, source))
    return [cluster for cluster, _ in joined]


def union(a: Cluster, b: Cluster) -> Cluster:
    """Return one cluster; who acts inversely is settled by `a`, turned where they disagree."""
    common = [member for member in b.members if member in a.members]
    disagree = sum((member in a.inverted) != (member in b.inverted) for member in common)
    new = [member for member in b.members if member not in a.members]
    turned = 2 * disagree > len(common)
    inverted = {member for member in new if (member in b.inverted) != turned}
    return Cluster(
        members=tuple(sorted([*a.members, *new])),
        inverted=a.inverted | inverted,
        ln_e=max(a.ln_e, b.ln_e),
        links=tuple(dict.fromkeys((*a.links, *b.links))),
        strongest_leader=max(a, b, key=lambda cluster: cluster.ln_e).strongest_leader,
        source=a.source if a.source == b.source else None,
    )
