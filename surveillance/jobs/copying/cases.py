"""One case of the validation: the detector's finding against what the copier did."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from streams.copier import Plan
from streams.orderevents import EventType, OrderEvent
from surveillance.findings import GroupFinding
from surveillance.jobs.copying.truth import Copied, FollowerComparison, compare_follower

LARGEST_RATIO_ERROR = 0.01
LARGEST_LAG_ERROR_MS = 1.0

_AS_IT_SHOULD = {
    "declared": ("INTERNAL", "own_accounts", "declared", None),
    "undeclared": ("INTERNAL", "undeclared_own_accounts", "undeclared", "request_declaration"),
    "other_owners": ("EXTERNAL", None, None, None),
}
"""Verdict, subtype, declaration and action of each case; None is not asked."""
_ASKED = ("verdict", "subtype", "declaration", "recommended action")
_EXPECTED_REFUSALS = {
    "declared": set[str](),
    "undeclared": {"not_declared"},
    "other_owners": {"not_declared", "other_owner"},
}


@dataclass(frozen=True, slots=True)
class CaseFindings:
    """One case: what the detector says, what the copier did, and what is not as it should be.

    `refusals` are what the copier's own check says against the plan in that case; `others` the
    accounts that were found with the copier's and are none of its own.
    """

    name: str
    verdict: str | None
    subtype: str | None
    declaration: str | None
    recommended_action: str | None
    leader_account_id: str | None
    log10_e: float | None
    refusals: tuple[str, ...]
    others: tuple[str, ...]
    followers: tuple[FollowerComparison, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """What the copier did: all events of its accounts, and the copies of each follower."""

    plan: Plan
    events: list[OrderEvent]
    copies: Mapping[str, list[Copied]]

    @property
    def n_led(self) -> int:
        """Orders of the leader."""
        leads = self.plan.leader_account_id
        return sum(e.account_id == leads and e.event_type == EventType.NEW for e in self.events)


def judge_case(
    name: str, truth: Truth, groups: tuple[GroupFinding, ...], refusals: tuple[str, ...]
) -> CaseFindings:
    """Look for the copier's accounts among the groups, and say what is not as it should be.

    Parameters
    ----------
    name : str
        declared, undeclared or other_owners.
    truth : Truth
        What the copier did.
    groups : tuple of GroupFinding
        What the detector found.
    refusals : tuple of str
        Codes of what the copier's own check says against the plan in this case.
    """
    plan = truth.plan
    accounts = {plan.leader_account_id, *truth.copies}
    theirs = [g for g in groups if accounts & _members(g)]
    found = max(theirs, key=lambda g: len(accounts & _members(g)), default=None)
    group = found.group if found else None
    followers = tuple(
        compare_follower(
            own, plan.leader_account_id, truth.copies[own.account_id], truth.n_led, found
        )
        for own in plan.followers
    )
    others = sorted(_members(found) - accounts) if found else []
    wrong = list(_wrong_verdict(name, found))
    if group is not None and group.leader_account_id != plan.leader_account_id:
        wrong.append(f"the leader is {plan.leader_account_id}, found {group.leader_account_id}")
    if len(theirs) > 1:
        wrong.append(f"its accounts stand in {len(theirs)} groups")
    if others:
        wrong.append(f"{', '.join(others)} stand in its group")
    wrong += [text for one in followers for text in _wrong_follower(one)]
    if set(refusals) != _EXPECTED_REFUSALS[name]:
        wrong.append(f"the copier's own check says {', '.join(refusals) or 'nothing'}")
    return CaseFindings(
        name=name,
        verdict=group.verdict.value if group else None,
        subtype=group.subtype.value if group else None,
        declaration=group.declaration.value if group else None,
        recommended_action=group.recommended_action.value if group else None,
        leader_account_id=group.leader_account_id if group else None,
        log10_e=group.log10_e if group else None,
        refusals=refusals,
        others=tuple(others),
        followers=followers,
        wrong=tuple(wrong),
    )


def _wrong_verdict(name: str, found: GroupFinding | None) -> Iterator[str]:
    if found is None:
        yield "its accounts stand in no group"
        return
    group = found.group
    is_ = (group.verdict, group.subtype, group.declaration, group.recommended_action)
    for what, should, was in zip(_ASKED, _AS_IT_SHOULD[name], is_, strict=True):
        if should is not None and was.value != should:
            yield f"{what} should be {should}, was {was.value}"


def _wrong_follower(one: FollowerComparison) -> Iterator[str]:
    if one.n_copies == 0:
        return
    if one.found_lag_ms is None:
        yield f"{one.account_id} is not in the group"
        return
    if one.true_ratio is None:
        yield f"{one.account_id}: none of its copies was found"
    if one.found_inverse != one.is_inverse:
        yield f"{one.account_id}: inverse should be {one.is_inverse}, was {one.found_inverse}"
    if one.ratio_error is not None and one.ratio_error > LARGEST_RATIO_ERROR:
        yield f"{one.account_id}: ratio {one.true_ratio:.4g}, found {one.found_ratio:.4g}"
    if one.lag_error_ms is not None and one.lag_error_ms > LARGEST_LAG_ERROR_MS:
        yield f"{one.account_id}: lag {one.true_lag_ms:.1f} ms, found {one.found_lag_ms:.1f} ms"


def _members(found: GroupFinding) -> set[str]:
    return {member.account_id for member in found.group.members}
