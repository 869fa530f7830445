"""From identical-order clusters to judged groups: joined where they share accounts, then judged.

One farm shows itself more than once: its entries and its exits, its sizes. Clusters that share
half of their accounts are one group; one that lies half inside a group of the pair test is part of
that, since a copier's followers send identical orders too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.admission import admit_members
from models.columns import DecisionColumns
from models.features import MarketLog
from models.identical import IdenticalCluster
from models.identical_verdict import ClusterFeatures, judge_identical
from models.linkage import Linkage
from models.ownership import find_ownership
from models.params import SECOND_NS, DetectionParams
from models.tracking import assign_group_ids
from surveillance.findings import (
    Declaration,
    Group,
    GroupFinding,
    LagHistogram,
    Member,
    Reason,
    RecommendedAction,
    RunReference,
    Subtype,
    VerdictName,
)
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.exhibits import (
    draw_graph,
    list_cluster_episodes,
    list_decisions,
    list_ties,
)
from surveillance.pipeline.identical import ClusterEvidence
from surveillance.pipeline.reference import AccountBook, declaration_state

_LN_10 = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class JudgedClusters:
    """The groups that clusters made, and for each cluster the group it belongs to."""

    groups: tuple[GroupFinding, ...]
    group_of: tuple[str, ...]


def judge_clusters(
    evidence: ClusterEvidence,
    found: Sequence[GroupFinding],
    decisions: DecisionColumns,
    market: MarketLog,
    orders: EncodedOrders,
    book: AccountBook,
    known_groups: Mapping[str, tuple[str, ...]],
    run: RunReference,
    params: DetectionParams,
) -> JudgedClusters:
    """Judge the clusters that are not part of a group already.

    Parameters
    ----------
    evidence : ClusterEvidence
        The clusters.
    found : sequence of GroupFinding
        Groups of the pair test.
    decisions : DecisionColumns
        Decisions of all accounts in clusters, in event order.
    market : MarketLog
        Everybody's decisions.
    orders, book, known_groups, run, params
        As for `judge_groups`.
    """
    overlap = params.identical.same_run_overlap
    inside = [{m.account_id for m in f.group.members} for f in found]
    group_of = [""] * len(evidence.clusters)
    left = []
    for number, cluster in enumerate(evidence.clusters):
        ids = {orders.accounts[code] for code in cluster.accounts}
        shared = [len(ids & members) for members in inside]
        if shared and max(shared) >= overlap * len(ids):
            group_of[number] = found[int(np.argmax(shared))].group.group_id
        else:
            left.append(number)
    if not left:
        return JudgedClusters((), tuple(group_of))
    joined = _joined([evidence.clusters[number] for number in left], overlap)
    taken = {f.group.group_id for f in found}
    known = {group: ids for group, ids in known_groups.items() if group not in taken}
    runs_of = [
        _without_strangers([evidence.clusters[left[i]] for i in part], decisions, params)
        for part in joined
    ]
    members = [list(dict.fromkeys(a for c in runs for a in c.accounts)) for runs in runs_of]
    ids_of = [[orders.accounts[code] for code in codes] for codes in members]
    group_ids = assign_group_ids(ids_of, known)
    linkage = Linkage(book.sightings(), params.linkage)
    groups = []
    for group_id, part, runs, codes in zip(group_ids, joined, runs_of, members, strict=True):
        for i in part:
            group_of[left[i]] = group_id
        own = decisions.take(np.flatnonzero(np.isin(decisions.account, codes)))
        groups.append(
            _judge_one(
                group_id, runs, codes, own, evidence, market, orders, book, linkage, run, params
            )
        )
    return JudgedClusters(tuple(groups), tuple(group_of))


def _joined(clusters: Sequence[IdenticalCluster], overlap: float) -> list[list[int]]:
    """Return the numbers of clusters that share most accounts with one another, strongest first."""
    parts: list[tuple[set[int], list[int]]] = []
    for number, cluster in enumerate(clusters):
        accounts = set(cluster.accounts)
        same = [
            part
            for part in parts
            if len(accounts & part[0]) >= overlap * min(len(accounts), len(part[0]))
        ]
        parts = [part for part in parts if part not in same]
        numbers = sorted([number, *(n for part in same for n in part[1])])
        parts.append((accounts.union(*(part[0] for part in same)), numbers))
    return sorted(numbers for _, numbers in parts)


def _without_strangers(
    runs: Sequence[IdenticalCluster], decisions: DecisionColumns, params: DetectionParams
) -> list[IdenticalCluster]:
    """Return the runs without accounts that have other business than the members."""
    codes = np.array(list(dict.fromkeys(a for run in runs for a in run.accounts)), np.int64)
    alike = np.unique(np.concatenate([_rows(run, decisions) for run in runs]))
    n = int(codes.max()) + 1
    n_alike = np.bincount(decisions.account[alike], minlength=n)[codes]
    n_all = np.bincount(decisions.account, minlength=n)[codes]
    stays = set(codes[admit_members(n_alike, n_all, doubt=params.identical.member_doubt)].tolist())
    return [replace(run, accounts=tuple(a for a in run.accounts if a in stays)) for run in runs]


def _judge_one(
    group_id: str,
    runs: Sequence[IdenticalCluster],
    codes: list[int],
    decisions: DecisionColumns,
    evidence: ClusterEvidence,
    market: MarketLog,
    orders: EncodedOrders,
    book: AccountBook,
    linkage: Linkage,
    run: RunReference,
    params: DetectionParams,
) -> GroupFinding:
    ids = [orders.accounts[code] for code in codes]
    first_ns = min(cluster.first_time_ns for cluster in runs)
    last_ns = max(cluster.last_time_ns for cluster in runs)
    leader_id = book.common_leader(ids, first_ns, last_ns) or ids[0]
    declared = book.declared_followers(leader_id, first_ns, last_ns)
    followers = [account_id for account_id in ids if account_id != leader_id]
    declaration = declaration_state(declared, leader_id, followers)
    ties = linkage.ties_among(codes)
    ownership = find_ownership(
        codes,
        [book.owner(account_id) for account_id in ids],
        book.declarations_of(ids, first_ns, last_ns),
        ties,
        params,
    )
    rows_of = [_rows(cluster, decisions) for cluster in runs]
    own = params.identical.tolerated_false_clusters_a_year
    strongest = runs[0]
    lots = orders.lot_size[strongest.instrument]
    features = ClusterFeatures(
        n_accounts=len(codes),
        n_orders=sum(rows.size for rows in rows_of),
        n_runs=len(runs),
        quantity=round(float(strongest.quantity_lots * lots), 9),
        expected=strongest.expected,
        log10_p=strongest.ln_p / _LN_10,
        threshold_log10_p=evidence.ln_threshold / _LN_10,
        tolerated_a_year=own,
        median_gap_s=strongest.median_gap_s,
        evenness=strongest.evenness,
        span_s=(strongest.last_time_ns - strongest.first_time_ns) / SECOND_NS,
        burst_ratio=_burst_ratio(strongest, codes, market, orders, params),
    )
    verdict = judge_identical(features, ownership, codes, ties, declaration.value, params)
    group = Group(
        group_id=group_id,
        verdict=VerdictName(verdict.verdict),
        subtype=Subtype(verdict.subtype),
        probability=None,
        state="confirmed" if evidence.is_within_bound else "provisional",
        recommended_action=RecommendedAction(verdict.recommended_action),
        leader_account_id=None,
        source_off_venue=True,
        log10_e=round(-strongest.ln_p / _LN_10, 4),
        chance_groups_per_year=own,
        members=_members(codes, ids, runs, rows_of, decisions, declared, book),
        ties=list_ties(ties, orders),
        reasons=tuple(Reason(r.code, r.text, r.numbers) for r in verdict.reasons),
        episodes=len(runs),
        first_time_ns=first_ns,
        last_time_ns=last_ns,
        instruments=tuple(sorted({orders.instruments[cluster.instrument] for cluster in runs})),
        declaration=Declaration(declaration),
        run=run,
    )
    identical = np.zeros(len(decisions), np.bool_)
    identical[np.concatenate(rows_of)] = True
    return GroupFinding(
        group=group,
        episodes=list_cluster_episodes(rows_of, decisions, orders),
        graph=draw_graph(group, follows=False),
        lag_histogram=LagHistogram((), (), ()),
        timeline=list_decisions(np.arange(len(decisions)), identical, decisions, orders),
    )


def _rows(cluster: IdenticalCluster, decisions: DecisionColumns) -> NDArray[np.int64]:
    """Return the members' decisions that show the fingerprint within the run."""
    chosen = (
        np.isin(decisions.account, cluster.accounts)
        & (decisions.instrument == cluster.instrument)
        & (decisions.side == cluster.side)
        & (decisions.quantity_lots == cluster.quantity_lots)
        & _during(cluster, decisions)
    )
    if cluster.price_ticks is not None:
        chosen &= decisions.has_price & (decisions.price_ticks == cluster.price_ticks)
    return np.flatnonzero(chosen)


def _during(cluster: IdenticalCluster, decisions: DecisionColumns) -> NDArray[np.bool_]:
    times = decisions.event_time_ns
    return (times >= cluster.first_time_ns) & (times <= cluster.last_time_ns)


def _members(
    codes: Sequence[int],
    ids: Sequence[str],
    runs: Sequence[IdenticalCluster],
    rows_of: Sequence[NDArray[np.int64]],
    decisions: DecisionColumns,
    declared: Collection[str],
    book: AccountBook,
) -> tuple[Member, ...]:
    """Return the members: of the decisions each made in the runs' keys then, how many are alike."""
    chance = np.zeros(len(decisions), np.bool_)
    for cluster in runs:
        same_key = decisions.instrument == cluster.instrument
        chance |= same_key & (decisions.side == cluster.side) & _during(cluster, decisions)
    n = max(codes) + 1
    alike = np.unique(np.concatenate(rows_of))
    copied = np.bincount(decisions.account[alike], minlength=n)
    opportunities = np.bincount(decisions.account[chance], minlength=n)
    return tuple(
        Member(
            account_id=account_id,
            role="follower",
            owner_id=book.owner(account_id),
            firm_id=book.firm(account_id),
            allocation_ratio=None,
            inverse=False,
            lag_median_ms=None,
            lag_iqr_ms=None,
            copied=int(copied[code]),
            opportunities=int(opportunities[code]),
            participation=round(float(copied[code] / max(opportunities[code], 1)), 6),
            log10_e=None,
            declared=account_id in declared,
        )
        for code, account_id in zip(codes, ids, strict=True)
    )


def _burst_ratio(
    cluster: IdenticalCluster,
    codes: Sequence[int],
    market: MarketLog,
    orders: EncodedOrders,
    params: DetectionParams,
) -> float:
    """Return how busy others were in the run's key, against the busier time around it."""
    key = int(orders.family_of[cluster.instrument]) * 2 + cluster.side
    log = market.key(key)
    times = log.event_time_ns[~np.isin(log.account, codes)]
    span = max(cluster.last_time_ns - cluster.first_time_ns, params.rank_test.burst_ns)
    around = max(span, params.rank_test.calm_ns)
    first, last = cluster.first_time_ns, cluster.first_time_ns + span
    edges = np.searchsorted(times, [first - around, first, last + 1, last + around], "left")
    before, during, after = np.diff(edges).tolist()
    usual = max(before, after) * span / around
    return float(during / (usual + params.verdict.quiet_slack))
