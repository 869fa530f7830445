"""From pair evidence to judged groups: clusters, roles, features, ties, verdict, findings."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from models.classifier import Classifier
from models.columns import PairEvidence
from models.corroboration_reasons import further_reasons
from models.group_row import feature_matrix, group_row
from models.grouping import Cluster
from models.label_exchange import exchange_labels, heed
from models.linkage import Linkage, TieFinder
from models.params import DetectionParams
from models.second_opinion import rounded_probability, weigh
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
from surveillance.pipeline.describing import Evidence, KnownGroup, ShownGroup, look_up, show_groups
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.exhibits import (
    draw_graph,
    list_episodes,
    list_lags,
    list_ties,
    list_timeline,
)
from surveillance.pipeline.reference import AccountBook

_LN_10 = float(np.log(10.0))


def judge_groups(
    evidence: Evidence,
    orders: EncodedOrders,
    book: AccountBook,
    known_groups: Mapping[str, tuple[str, ...]],
    run: RunReference,
    params: DetectionParams,
    classifier: Classifier | None = None,
    linkage: TieFinder | None = None,
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
    classifier : Classifier, optional
        Weighs what the rules conclude; without it they decide alone.
    linkage : TieFinder, optional
        Of the book's sightings, where it is at hand.
    """
    linkage = linkage or Linkage(book.sightings(), params.linkage)
    shown = show_groups(evidence, orders, params)
    group_ids = assign_group_ids([list(group.ids) for group in shown], known_groups)
    findings = [
        _judge_one(group_id, group, evidence, orders, book, linkage, run, params, classifier)
        for group_id, group in zip(group_ids, shown, strict=True)
    ]
    return in_order_of_evidence(findings)


def in_order_of_evidence(findings: Iterable[GroupFinding]) -> tuple[GroupFinding, ...]:
    """Return the groups, strongest evidence first; ties by id."""
    return tuple(sorted(findings, key=lambda f: (-f.group.log10_e, f.group.group_id)))


def _judge_one(
    group_id: str,
    shown: ShownGroup,
    evidence: Evidence,
    orders: EncodedOrders,
    book: AccountBook,
    linkage: TieFinder,
    run: RunReference,
    params: DetectionParams,
    classifier: Classifier | None,
) -> GroupFinding:
    roles, decisions = shown.roles, shown.decisions
    known = look_up(shown, evidence, orders, book, linkage, params)
    facts = known.facts
    verdict = judge(
        facts.features,
        facts.ownership,
        facts.members,
        facts.ties,
        facts.declaration,
        params,
        further=further_reasons(shown.further, params.corroboration),
    )
    row = group_row(facts)
    probability = None
    if classifier is not None:
        opinion = classifier.judge(feature_matrix([row])[0])
        verdict = weigh(verdict, opinion, row, facts)
        probability = rounded_probability(opinion)
    followers = {follower.account: follower.inverse for follower in roles.followers}
    exchange = exchange_labels(roles.source, followers, evidence.market, params)
    verdict = heed(verdict, exchange, params)
    chance = _chance_reason(shown.cluster, evidence)
    traded = {orders.instruments[i] for i in decisions.instrument[roles.episode_row]}
    group = Group(
        group_id=group_id,
        verdict=VerdictName(verdict.verdict),
        subtype=Subtype(verdict.subtype),
        probability=probability,
        state="confirmed" if evidence.confirmed else "provisional",
        recommended_action=RecommendedAction(verdict.recommended_action),
        leader_account_id=None if roles.off_venue else shown.ids[0],
        source_off_venue=roles.off_venue,
        log10_e=round(shown.cluster.ln_e / _LN_10, 4),
        chance_groups_per_year=evidence.chance_groups_per_year,
        members=_members(shown, known, evidence.pairs, book),
        ties=list_ties(facts.ties, orders),
        reasons=(*(Reason(r.code, r.text, r.numbers) for r in verdict.reasons), chance),
        episodes=int(roles.episode_row.size),
        first_time_ns=shown.first_ns,
        last_time_ns=shown.last_ns,
        instruments=tuple(sorted(traded)),
        declaration=Declaration(facts.declaration),
        run=run,
        features=row,
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
    shown: ShownGroup, known: KnownGroup, pairs: PairEvidence, book: AccountBook
) -> tuple[Member, ...]:
    roles, ids = shown.roles, shown.ids
    declared, declared_leader = known.declared, known.declared_leader

    def is_declared(account_id: str) -> bool:
        if account_id == declared_leader:
            return any(found.leader_id == declared_leader for found in declared.values())
        return account_id in declared and declared[account_id].leader_id == declared_leader

    inside = np.isin(pairs.leader, shown.codes)
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
