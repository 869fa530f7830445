"""What is known of every group before it is judged: roles, then who is behind it and features.

The first part needs the orders alone, the second reference data too: a group can be looked at
again with fewer records than there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.columns import DecisionColumns, LaterEvents, PairEvidence, is_among
from models.corroboration import Corroboration, corroborate
from models.features import MarketLog, group_features
from models.group_row import GroupFacts
from models.grouping import Cluster
from models.linkage import TieFinder
from models.ownership import find_ownership
from models.params import DetectionParams
from models.roles import Roles, find_roles
from surveillance.pipeline.encoded import EncodedOrders
from surveillance.pipeline.reference import AccountBook, DeclaredLeader, declaration_state


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the detector measured, as the judges need it."""

    pairs: PairEvidence
    ln_threshold: float
    market: MarketLog
    decisions: DecisionColumns  # of all accounts in clusters, in event order
    later: LaterEvents  # of the same accounts
    clusters: tuple[Cluster, ...]
    chance_groups_per_year: float
    tolerated_false_pairs: float
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A cluster that shows enough episodes, its members' decisions, roles and further evidence.

    `ids` are the members' account ids, the source's first; `first_ns` and `last_ns` the times of
    the first and the last episode.
    """

    cluster: Cluster
    decisions: DecisionColumns
    roles: Roles
    further: tuple[Corroboration, ...]
    ids: tuple[str, ...]
    first_ns: int
    last_ns: int

    @property
    def codes(self) -> list[int]:
        """Account codes of the members, the source's first."""
        return [self.roles.source, *(f.account for f in self.roles.followers)]


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """A group with its records: all facts, and the declarations behind them."""

    facts: GroupFacts
    declared: Mapping[str, DeclaredLeader]
    declared_leader: str


def show_groups(
    evidence: Evidence, orders: EncodedOrders, params: DetectionParams
) -> list[ShownGroup]:
    """Return the clusters that show enough episodes, each set of accounts once, with their roles.

    Roles are found twice: what a member of two groups did for the one says nothing on who leads
    the other.

    Parameters
    ----------
    evidence : Evidence
        Measurements.
    orders : EncodedOrders
        Ids behind the codes.
    params : DetectionParams
        Thresholds.
    """
    shown = []
    for cluster, decisions, roles in _with_roles(evidence, params):
        further = corroborate(roles, decisions, evidence.later, params.corroboration)
        codes = [roles.source, *(f.account for f in roles.followers)]
        times = decisions.event_time_ns[roles.episode_row]
        ids = tuple(orders.accounts[code] for code in codes)
        first_ns, last_ns = int(times.min()), int(times.max())
        shown.append(ShownGroup(cluster, decisions, roles, further, ids, first_ns, last_ns))
    return shown


def look_up(
    shown: ShownGroup,
    evidence: Evidence,
    orders: EncodedOrders,
    book: AccountBook,
    linkage: TieFinder,
    params: DetectionParams,
) -> KnownGroup:
    """Return a group with what the reference data say about its members.

    Parameters
    ----------
    shown : ShownGroup
        The group.
    evidence : Evidence
        Measurements.
    orders : EncodedOrders
        The order marks of accounts.
    book : AccountBook
        Owners and declarations.
    linkage : TieFinder
        Built from the same book's sightings.
    params : DetectionParams
        Thresholds.
    """
    codes, ids, span = shown.codes, shown.ids, (shown.first_ns, shown.last_ns)
    declared_leader = ids[0]
    if shown.roles.off_venue:  # nobody leads: whoever the declarations name together is right
        declared_leader = book.common_leader(ids, *span) or ids[0]
    declared = book.declared_followers(declared_leader, *span)
    others = [account for account in ids if account != declared_leader]
    declaration = declaration_state(declared, declared_leader, others)
    ties = linkage.ties_among(codes)
    ownership = find_ownership(
        codes,
        [book.owner(account_id) for account_id in ids],
        book.declarations_of(ids, *span),
        ties,
        params,
    )
    clustered = np.zeros(len(orders.accounts), np.bool_)
    for cluster in evidence.clusters:
        clustered[list(cluster.members)] = True
    features = group_features(
        shown.roles,
        shown.decisions,
        evidence.market,
        clustered,
        params,
        links=shown.cluster.links,
        siblings=book.siblings(codes),
        automated_share=orders.automated_share,
        further=shown.further,
    )
    facts = GroupFacts(codes, shown.roles, features, ownership, ties, declaration.value, params)
    return KnownGroup(facts, declared, declared_leader)


def _with_roles(
    evidence: Evidence, params: DetectionParams
) -> list[tuple[Cluster, DecisionColumns, Roles]]:
    first: list[tuple[Cluster, DecisionColumns, Roles | None]] = []
    for cluster in evidence.clusters:
        rows = np.flatnonzero(is_among(evidence.decisions.account, cluster.members))
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
