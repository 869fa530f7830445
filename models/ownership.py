"""Beneficial owners: which owner ids of a group's members stand for one, and why.

Two owner ids are one where a declaration in force names accounts of both and the two share what
only one person has: a payment or an email (a person and their company, say). A declaration alone
joins nobody, or strangers could declare themselves into one. Where the venue's policy counts a
household as one owner, a shared home address joins too (method, section 5).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

from models.findings import Finding
from models.linkage import Tie, Ties
from models.params import DetectionParams

_IDENTITY_KINDS = ("email", "payment")


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owns the members of a group, as far as it is known.

    `owners` has one owner id a member, None where unknown. `n_owners` counts the beneficial
    owners among those known, `largest` the accounts of the one with most, `n_seen` the members of
    whom anything is known outside their orders; `related` says why several ids count as one.
    """

    owners: tuple[str | None, ...]
    n_owners: int
    largest: int
    n_seen: int
    related: tuple[Finding, ...] = ()

    @property
    def all_known(self) -> bool:
        """Whether every member has an owner id."""
        return None not in self.owners


def find_ownership(
    members: Sequence[int],
    owners: Sequence[str | None],
    declared: Sequence[Collection[str]],
    ties: Ties,
    params: DetectionParams,
) -> Ownership:
    """Join the owner ids of a group that stand for one beneficial owner.

    Parameters
    ----------
    members : sequence of int
        Account codes.
    owners : sequence of str or None, shape (n_members,)
        Owner id of each member where known.
    declared : sequence of collections of str, shape (n_members,)
        Declarations in force that name each member, as leader or follower.
    ties : Ties
        What the members share.
    params : DetectionParams
        Thresholds and the venue's policy.
    """
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(sorted({owner for owner in owners if owner is not None}))
    owner_of = dict(zip(members, owners, strict=True))
    declared_of = dict(zip(members, declared, strict=True))
    related: dict[str, Finding] = {}
    for accounts, reason in _relations(ties, declared_of, params):
        known = sorted({owner for a in accounts if (owner := owner_of[a]) is not None})
        if len(known) > 1:
            nx.add_path(graph, known)
            related.setdefault(reason.code, reason)
    parts = [set(part) for part in nx.connected_components(graph)]
    sizes = [sum(owner in part for owner in owners) for part in parts]
    return Ownership(
        owners=tuple(owners),
        n_owners=len(parts),
        largest=max(sizes, default=0),
        n_seen=ties.n_seen,
        related=tuple(related[code] for code in sorted(related)),
    )


def _relations(
    ties: Ties, declared_of: Mapping[int, Collection[str]], params: DetectionParams
) -> Iterator[tuple[list[int], Finding]]:
    """Yield accounts whose owners are one, with the reason; strongest ties first."""
    for tie in ties.ties:
        if tie.kind in _IDENTITY_KINDS and tie.weight_bits >= params.linkage.strong_bits:
            for declaration in sorted({d for a in tie.accounts for d in declared_of[a]}):
                named = [a for a in tie.accounts if declaration in declared_of[a]]
                yield named, _declared_relation(tie)
        if params.policy.household_is_one_owner and tie.is_home and tie.weight_bits > 0:
            yield list(tie.accounts), _household(tie)


def _declared_relation(tie: Tie) -> Finding:
    return Finding(
        "declared_relation",
        f"A declaration in force names accounts of several owner ids that share a {tie.kind} "
        f"({tie.weight_bits:.1f} bits): they count as one beneficial owner.",
        {"weight_bits": round(tie.weight_bits, 2)},
    )


def _household(tie: Tie) -> Finding:
    return Finding(
        "one_household",
        f"Accounts of several owner ids share a home address that {tie.crowd} accounts use: by "
        "this venue's policy a household is one owner.",
        {"crowd": tie.crowd},
    )
