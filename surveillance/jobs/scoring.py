"""What one method found on one dataset against its answer key.

The rules, strict on purpose:

- Planted and found groups are matched one to one so that the matched overlaps sum to the most
  (Kuhn 1955); an overlap below two members matches nothing.
- A planted group is *found* when its match holds at least two of its members and they are at
  least half of the match: a blob that swallows the venue finds nothing. It is *half found* when
  the match also holds at least half of its members.
- Other found groups with two or more members of a planted group are its *fragments*; its members
  in the match or a fragment are *covered*. Found groups with two members of no planted group are
  *extra*. A found group is *merged* when, besides the planted group it holds most of, it holds two
  members of another one that are not members of the first: planted groups may overlap, and the
  follower of two providers merges nothing.
- Leader, subtype, verdict and ratio are right or wrong only where the group was found. A null
  leader in the key asks for a source off the venue; ratios are then right up to a common factor,
  since nobody can see what a source elsewhere traded.
- Who calls nobody a group has said INDEPENDENT.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from surveillance.findings import GroupFinding, Subtype, VerdictName
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup

MISSED = "missed"
RATIO_TOLERANCE = 0.15
_LEAST_OVERLAP = 2


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A group as a method reports it; a baseline names no leader, subtype or ratio."""

    members: frozenset[str]
    verdict: VerdictName
    subtype: Subtype | None = None
    leader: str | None = None
    source_off_venue: bool = False
    ratios: Mapping[str, float] | None = None
    probability: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class PlantedScore:
    """How one planted group fared; `n_shared` of its members are in its match.

    `n_covered` of them are in its match or in a fragment; `is_merged` says that its match is.
    """

    kind: str
    n_members: int
    n_shared: int
    n_covered: int
    n_matched_members: int
    n_fragments: int
    is_merged: bool
    has_leader: bool
    is_found: bool
    is_half_found: bool
    leader_right: bool
    subtype_right: bool
    n_ratios: int
    n_ratios_right: int
    verdict_wanted: str
    verdict_given: str

    @property
    def verdict_right(self) -> bool:
        """Whether the verdict is the key's; nobody accused is INDEPENDENT said in silence."""
        silent = self.verdict_wanted == VerdictName.INDEPENDENT and self.verdict_given == MISSED
        return self.verdict_given == self.verdict_wanted or silent


@dataclass(frozen=True, slots=True)
class RunScore:
    """One method on one dataset.

    `honest_in` counts honest accounts by verdict of a group they are in, then by honest kind; an
    account in several groups of one verdict counts once there. `n_flagged` counts honest accounts
    in a group of any verdict but INDEPENDENT, `n_accused` those in an EXTERNAL or INTERNAL one.
    """

    planted: tuple[PlantedScore, ...]
    n_groups: int
    n_extra: int
    n_merged: int
    n_honest: int
    n_flagged: int
    n_accused: int
    n_in_any: int
    honest_in: Mapping[str, Mapping[str, int]]


def as_found(findings: Iterable[GroupFinding]) -> tuple[FoundGroup, ...]:
    """Return the detector's groups in the form that is scored."""
    return tuple(
        FoundGroup(
            members=frozenset(member.account_id for member in finding.group.members),
            verdict=finding.group.verdict,
            subtype=finding.group.subtype,
            leader=finding.group.leader_account_id,
            source_off_venue=finding.group.source_off_venue,
            ratios={
                member.account_id: member.allocation_ratio
                for member in finding.group.members
                if member.allocation_ratio is not None
            },
            probability=finding.group.probability,
        )
        for finding in findings
    )


def score_run(found: tuple[FoundGroup, ...], key: AnswerKey) -> RunScore:
    """Score what a method found.

    Parameters
    ----------
    found : tuple of FoundGroup
        In any order; ties between equal overlaps fall to the earlier one.
    key : AnswerKey
        What is right.

    Returns
    -------
    RunScore
        One score a planted group, in the key's order.
    """
    overlap = np.array(
        [[len(group.members & other.members) for other in found] for group in key.groups], np.int64
    ).reshape(len(key.groups), len(found))
    rows, columns = linear_sum_assignment(
        np.where(overlap >= _LEAST_OVERLAP, overlap, 0), maximize=True
    )
    match_of = {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if overlap[row, column] >= _LEAST_OVERLAP
    }
    matched = set(match_of.values())
    holds = overlap >= _LEAST_OVERLAP
    parts: dict[int, list[int]] = {}
    for column in range(len(found)):
        if column not in matched and holds[:, column].any():
            parts.setdefault(int(np.argmax(overlap[:, column])), []).append(column)
    merged = [_is_merged(group, key, overlap[:, column]) for column, group in enumerate(found)]
    planted = []
    for row, group in enumerate(key.groups):
        match = match_of.get(row)
        planted.append(
            _score_group(
                group,
                None if match is None else found[match],
                [found[part] for part in parts.get(row, [])],
                is_merged=match is not None and merged[match],
            )
        )
    accusing = (VerdictName.EXTERNAL, VerdictName.INTERNAL)
    return RunScore(
        planted=tuple(planted),
        n_groups=len(found),
        n_extra=sum(not holds[:, column].any() for column in range(len(found))),
        n_merged=sum(merged),
        n_honest=len(key.honest_kind),
        n_flagged=_n_honest(
            (group for group in found if group.verdict is not VerdictName.INDEPENDENT), key
        ),
        n_accused=_n_honest((group for group in found if group.verdict in accusing), key),
        n_in_any=_n_honest(found, key),
        honest_in=_honest_in(found, key),
    )


def _is_merged(found: FoundGroup, key: AnswerKey, shared: NDArray[np.int64]) -> bool:
    if shared.size == 0 or shared.max() < _LEAST_OVERLAP:
        return False
    rest = found.members - key.groups[int(np.argmax(shared))].members
    return any(len(rest & group.members) >= _LEAST_OVERLAP for group in key.groups)


def _score_group(
    planted: PlantedGroup,
    match: FoundGroup | None,
    fragments: Sequence[FoundGroup],
    *,
    is_merged: bool,
) -> PlantedScore:
    shared = planted.members & match.members if match else frozenset()
    is_found = match is not None and 2 * len(shared) >= len(match.members)
    if match is None or not is_found:
        shared = frozenset()
    covered = shared.union(*(planted.members & part.members for part in fragments))
    found = match if is_found else None
    ratios = _ratios(planted, found, shared) if found else []
    return PlantedScore(
        kind=planted.kind,
        n_members=len(planted.members),
        n_shared=len(shared),
        n_covered=len(covered),
        n_matched_members=len(found.members) if found else 0,
        n_fragments=len(fragments),
        is_merged=is_merged,
        has_leader=planted.leader is not None,
        is_found=is_found,
        is_half_found=is_found and 2 * len(shared) >= len(planted.members),
        leader_right=found is not None and _leader_right(planted, found),
        subtype_right=found is not None and found.subtype == planted.subtype,
        n_ratios=len(ratios),
        n_ratios_right=sum(ratios),
        verdict_wanted=planted.verdict.value,
        verdict_given=found.verdict.value if found else MISSED,
    )


def _leader_right(planted: PlantedGroup, match: FoundGroup) -> bool:
    if planted.leader is None:
        return match.source_off_venue
    return match.leader == planted.leader


def _ratios(planted: PlantedGroup, match: FoundGroup, shared: frozenset[str]) -> list[bool]:
    """Return for each follower in both whether its ratio is right; none given counts as wrong."""
    given = match.ratios or {}
    judged = [a for a in sorted(shared) if a != planted.leader and a in planted.ratios]
    scale = 1.0
    if planted.leader is None:
        # Up to a common factor, for which one of the accounts is spent.
        known = [planted.ratios[a] / given[a] for a in judged if given.get(a)]
        scale = float(np.median(known)) if known else 1.0
    right = [
        abs(scale * given.get(account, 0.0) - planted.ratios[account])
        <= RATIO_TOLERANCE * abs(planted.ratios[account])
        for account in judged
    ]
    if planted.leader is None and True in right:
        right.remove(True)
    return right


def _n_honest(found: Iterable[FoundGroup], key: AnswerKey) -> int:
    members: set[str] = set()
    for group in found:
        members |= group.members
    return sum(account in key.honest_kind for account in members)


def _honest_in(found: tuple[FoundGroup, ...], key: AnswerKey) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for verdict in VerdictName:
        members: set[str] = set()
        for group in found:
            if group.verdict is verdict:
                members |= group.members
        kinds = Counter(key.honest_kind[account] for account in members & set(key.honest_kind))
        counts[verdict.value] = dict(sorted(kinds.items()))
    return counts
