"""From pair evidence to judged groups: clusters, roles, features, ties, verdict, findings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.columns import DecisionColumns, LaterEvents, PairEvidence
from models.corroboration import corroborate
from models.corroboration_reasons import further_reasons
from models.features import MarketLog, group_features
from models.grouping import Cluster
from models.linkage import Linkage
from models.ownership import find_ownership
from models.params import DetectionParams
from models.roles import Roles, find_roles
from models.tracking import assign_group_ids
from models.verdict import judge
from surveillance.chance import chance_words
from surveillance.findings import (
    Declaration,
    Group,
    GroupFinding,
    Member,
    Reason,
    RecommendedAction,
    RunReference,
    Subtype,
    VerdictName,
)
from surveillance.pipeline.encode import EncodedOrders
from surveillance.pipeline.exhibits import (
    draw_graph,
    list_episodes,
    list_lags,
    list_ties,
    list_timeline,
)
from surveillance.pipeline.reference import AccountBook, DeclaredLeader, declaration_state

_LN_10 = float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the detector measured, as the judge needs it."""

    pairs: PairEvidence
    ln_threshold: float
    market: MarketLog
    decisions: DecisionColumns  # of all accounts in clusters, in event order
    later: LaterEvents  # of the same accounts
    clusters: tuple[Cluster, ...]
    chance_groups_per_year: float
    tolerated_false_pairs: float
    confirmed: bool


def judge_groups(
    evidence: Evidence,
    orders: EncodedOrders,
    book: AccountBook,
    known_groups: Mapping[str, tuple[str, ...]],
    run: RunReference,
    params: DetectionParams,
) -> tuple[GroupFinding, ...]:
    """Judge every cluster that shows enough episodes; strongest evidence first.

    Parameters
    ----------
    evidence : Evidence
        Measurements.
    orders : EncodedOrders
        Ids and scales behind the codes.
    book : AccountBook
        Owners, firms, sightings, declarations.
    known_groups : mapping of group id to account ids
        Groups of the previous run, for stable ids.
    run : RunReference
        Stamped on every group.
    params : DetectionParams
        Thresholds.
    """
    linkage = Linkage(book.sightings(), params.linkage)
    clustered = np.zeros(len(orders.accounts), np.bool_)
    for cluster in evidence.clusters:
        clustered[list(cluster.members)] = True
    shown = _shown_groups(evidence, params)
    member_ids = [
        [orders.accounts[code] for code in (roles.source, *(f.account for f in roles.followers))]
        for _, _, roles in shown
    ]
    group_ids = assign_group_ids(member_ids, known_groups)
    findings = [
        _judge_one(group_id, *found, clustered, evidence, orders, book, linkage, run, params)
        for group_id, found in zip(group_ids, shown, strict=True)
    ]
    return in_order_of_evidence(findings)


def in_order_of_evidence(findings: Iterable[GroupFinding]) -> tuple[GroupFinding, ...]:
    """Return the groups, strongest evidence first; ties by id."""
    return tuple(sorted(findings, key=lambda f: (-f.group.log10_e, f.group.group_id)))


def _shown_groups(
    evidence: Evidence, params: DetectionParams
) -> list[tuple[Cluster, DecisionColumns, Roles]]:
    """Return the clusters that show enough episodes, each set of accounts once, with their roles.

    Roles are found twice: what a member of two groups did for the one says nothing on who leads
    the other.
    """
    first: list[tuple[Cluster, DecisionColumns, Roles | None]] = []
    for cluster in evidence.clusters:
        rows = np.flatnonzero(np.isin(evidence.decisions.account, cluster.members))
        decisions = evidence.decisions.take(rows)
        first.append((cluster, decisions, _roles(cluster, decisions, None, params)))
    shown: list[tuple[Cluster, DecisionColumns, Roles]] = []
    seen: set[tuple[int, ...]] = set()
    for cluster, decisions, roles in first:
        elsewhere = _elsewhere(cluster, decisions, first)
        if elsewhere.any():
            roles = _roles(cluster, decisions, elsewhere, params)
        if roles is None or roles.episode_row.size < params.groups.min_episodes:
            continue
        accounts = tuple(sorted([roles.source, *(f.account for f in roles.followers)]))
        if accounts not in seen:
            seen.add(accounts)
            shown.append((cluster, decisions, roles))
    return shown


def _roles(
    cluster: Cluster,
    decisions: DecisionColumns,
    elsewhere: NDArray[np.bool_] | None,
    params: DetectionParams,
) -> Roles | None:
    return find_roles(
        cluster,
        decisions,
        groups=params.groups,
        rank_test=params.rank_test,
        elsewhere=elsewhere,
    )


def _elsewhere(
    cluster: Cluster,
    decisions: DecisionColumns,
    groups: Sequence[tuple[Cluster, DecisionColumns, Roles | None]],
) -> NDArray[np.bool_]:
    """Mark the members' decisions that repeat the source of a group that it is no member of."""
    marked = np.zeros(len(decisions), np.bool_)
    for _, theirs, roles in groups:
        if roles is None or roles.source in cluster.members:
            continue
        for follower in roles.followers:
            if follower.account in cluster.members:
                copied = theirs.event_time_ns[follower.own_row]
                marked |= (decisions.account == follower.account) & np.isin(
                    decisions.event_time_ns, copied
                )
    return marked


def _judge_one(
    group_id: str,
    cluster: Cluster,
    decisions: DecisionColumns,
    roles: Roles,
    clustered: NDArray[np.bool_],
    evidence: Evidence,
    orders: EncodedOrders,
    book: AccountBook,
    linkage: Linkage,
    run: RunReference,
    params: DetectionParams,
) -> GroupFinding:
    codes = [roles.source, *(f.account for f in roles.followers)]
    ids = [orders.accounts[code] for code in codes]
    leader_id = ids[0]
    times = decisions.event_time_ns
    first_ns, last_ns = int(times[roles.episode_row].min()), int(times[roles.episode_row].max())
    declared_leader = leader_id
    if roles.off_venue:  # nobody leads: whoever the declarations name together is right
        declared_leader = book.common_leader(ids, first_ns, last_ns) or leader_id
    declared = book.declared_followers(declared_leader, first_ns, last_ns)
    others = [account for account in ids if account != declared_leader]
    declaration = declaration_state(declared, declared_leader, others)
    ties = linkage.ties_among(codes)
    ownership = find_ownership(
        codes,
        [book.owner(account_id) for account_id in ids],
        book.declarations_of(ids, first_ns, last_ns),
        ties,
        params,
    )
    further = corroborate(roles, decisions, evidence.later, params.corroboration)
    features = group_features(
        roles,
        decisions,
        evidence.market,
        clustered,
        params,
        links=cluster.links,
        siblings=book.siblings(codes),
        automated_share=orders.automated_share,
        further=further,
    )
    verdict = judge(
        features,
        ownership,
        codes,
        ties,
        declaration.value,
        params,
        further=further_reasons(further, params.corroboration),
    )
    chance = _chance_reason(cluster, evidence)
    traded = {orders.instruments[i] for i in decisions.instrument[roles.episode_row]}
    instruments = tuple(sorted(traded))
    group = Group(
        group_id=group_id,
        verdict=VerdictName(verdict.verdict),
        subtype=Subtype(verdict.subtype),
        probability=None,
        state="confirmed" if evidence.confirmed else "provisional",
        recommended_action=RecommendedAction(verdict.recommended_action),
        leader_account_id=None if roles.off_venue else leader_id,
        source_off_venue=roles.off_venue,
        log10_e=round(cluster.ln_e / _LN_10, 4),
        chance_groups_per_year=evidence.chance_groups_per_year,
        members=_members(roles, ids, declared, declared_leader, evidence.pairs, book),
        ties=list_ties(ties, orders),
        reasons=(*(Reason(r.code, r.text, r.numbers) for r in verdict.reasons), chance),
        episodes=int(roles.episode_row.size),
        first_time_ns=first_ns,
        last_time_ns=last_ns,
        instruments=instruments,
        declaration=Declaration(declaration),
        run=run,
    )
    return GroupFinding(
        group=group,
        episodes=list_episodes(roles, decisions, orders),
        graph=draw_graph(group),
        lag_histogram=list_lags(roles, decisions, params),
        timeline=list_timeline(roles, decisions, orders),
    )


def _chance_reason(cluster: Cluster, evidence: Evidence) -> Reason:
    log10_e, bar = cluster.ln_e / _LN_10, evidence.ln_threshold / _LN_10
    return Reason(
        "chance",
        f"The strongest link has log10 E {log10_e:.1f}, {bar:.1f} was needed. By chance: "
        f"{chance_words(evidence.tolerated_false_pairs, evidence.chance_groups_per_year)}.",
        {
            "log10_e": round(log10_e, 4),
            "threshold_log10_e": round(evidence.ln_threshold / _LN_10, 4),
            "chance_groups_per_year": evidence.chance_groups_per_year,
        },
    )


def _members(
    roles: Roles,
    ids: list[str],
    declared: Mapping[str, DeclaredLeader],
    declared_leader: str,
    pairs: PairEvidence,
    book: AccountBook,
) -> tuple[Member, ...]:
    def is_declared(account_id: str) -> bool:
        if account_id == declared_leader:
            return any(found.leader_id == declared_leader for found in declared.values())
        return account_id in declared and declared[account_id].leader_id == declared_leader

    inside = np.isin(pairs.leader, [roles.source, *(f.account for f in roles.followers)])
    leader_id = ids[0]
    members = [
        Member(
            account_id=leader_id,
            role="follower" if roles.off_venue else "leader",
            owner_id=book.owner(leader_id),
            firm_id=book.firm(leader_id),
            allocation_ratio=1.0,
            inverse=False,
            lag_median_ms=0.0,
            lag_iqr_ms=0.0,
            copied=int(roles.episode_row.size),
            opportunities=int(roles.source_rows.size),
            participation=_share(roles.episode_row.size, roles.source_rows.size),
            log10_e=None,
            declared=is_declared(leader_id),
        )
    ]
    for follower, account_id in zip(roles.followers, ids[1:], strict=True):
        members.append(
            Member(
                account_id=account_id,
                role="follower",
                owner_id=book.owner(account_id),
                firm_id=book.firm(account_id),
                allocation_ratio=None if follower.ratio is None else round(follower.ratio, 6),
                inverse=follower.inverse,
                lag_median_ms=round(follower.lag_median_ms, 6),
                lag_iqr_ms=round(follower.lag_iqr_ms, 6),
                copied=follower.copied,
                opportunities=int(follower.opportunities.size),
                participation=_share(follower.copied, follower.opportunities.size),
                log10_e=_strongest(pairs, inside & (pairs.follower == follower.account)),
                declared=is_declared(account_id),
            )
        )
    return tuple(members)


def _share(n: int, of: int) -> float | None:
    return round(n / of, 6) if of else None


def _strongest(pairs: PairEvidence, chosen: NDArray[np.bool_]) -> float | None:
    return round(float(pairs.ln_e[chosen].max()) / _LN_10, 4) if chosen.any() else None
