"""How the floor of plain rules and the fitted classifier combine; the floor comes first.

1. INDEPENDENT and INTERNAL of the floor stand: their rules name a fact.
2. EXTERNAL of the floor stands unless the classifier doubts it, then it is UNDETERMINED: a wrong
   EXTERNAL costs a person the account, so two must agree. It doubts where its prediction set
   leaves EXTERNAL out, or where it gives INDEPENDENT more than `veto_independent`: of all, or of
   what is not INTERNAL where known owners differ.
3. Where the floor does not know, the only class of the prediction set decides: INDEPENDENT always;
   INTERNAL where no known owners differ and something outside trading joins most members, for
   timing alone names nobody; EXTERNAL where three or more episodes were repeated in quiet times
   too and the clock can say who was first. The classifier alone never asks for more than a review.

Whatever happens, the finding `classifier` says what the classifier made of the group and why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from models.classifier import CLASSES, Opinion
from models.findings import Finding
from models.group_row import FEATURES, GroupFacts
from models.verdict import Verdict, conclude, internal, undetermined

_WORDS = {feature.name: feature.words for feature in FEATURES}


def weigh(
    floor: Verdict, opinion: Opinion, row: Mapping[str, float | None], facts: GroupFacts
) -> Verdict:
    """Combine the floor's verdict with the classifier's opinion.

    Parameters
    ----------
    floor : Verdict
        What the rules conclude.
    opinion : Opinion
        What the classifier makes of the group.
    row : mapping
        The group's features by name, for the finding.
    facts : GroupFacts
        What the rules saw.
    """
    params = facts.params
    seen = _finding(opinion, row, params.classifier.n_strongest)
    if floor.verdict == "EXTERNAL" and _doubts(opinion, facts):
        reasons = [_with_effect(seen, "The rules alone would say EXTERNAL."), *floor.reasons]
        wanted = "What the accounts do in a quiet market, or who enters their orders, decides it."
        return undetermined(reasons, wanted, params)
    if floor.verdict != "UNDETERMINED":
        return replace(floor, reasons=(*floor.reasons, seen))
    decided = opinion.decided
    known = [reason for reason in floor.reasons if reason.code != "would_decide"]
    reasons = [_with_effect(seen, "The rules alone cannot tell."), *known]
    if decided == "INDEPENDENT":
        return conclude("INDEPENDENT", "common_strategy", reasons, params)
    if decided == "INTERNAL" and _is_joined(facts):
        return internal(reasons, facts.declaration, params)
    if decided == "EXTERNAL" and _is_copied_in_quiet(facts):
        subtype = "mixed" if facts.ownership.largest > 1 else "signal"
        return Verdict("EXTERNAL", subtype, params.policy.actions.other, tuple(reasons))
    return replace(floor, reasons=(*floor.reasons, seen))


def rounded_probability(opinion: Opinion) -> dict[str, float]:
    """Return the probabilities to six places; the likeliest takes what rounding leaves."""
    rounded = {name: round(opinion.probability[name], 6) for name in CLASSES}
    others = sum(p for name, p in rounded.items() if name != opinion.likeliest)
    return {**rounded, opinion.likeliest: round(1.0 - others, 6)}


def _doubts(opinion: Opinion, facts: GroupFacts) -> bool:
    veto = facts.params.classifier.veto_independent
    independent = opinion.probability["INDEPENDENT"]
    if "EXTERNAL" not in opinion.candidates:
        return True
    if facts.ownership.n_owners > 1:
        return independent > veto * (independent + opinion.probability["EXTERNAL"])
    return independent > veto


def _is_joined(facts: GroupFacts) -> bool:
    """Whether ties, one known owner or a declaration speak for one owner, and no owner against."""
    if facts.ownership.n_owners > 1:
        return False
    if facts.ownership.n_owners == 1 or facts.declaration in ("declared", "partly"):
        return True
    n_tied = facts.ties.largest_part(facts.members, facts.params.linkage.weak_bits)
    return n_tied > facts.params.verdict.tied_share * len(facts.members)


def _is_copied_in_quiet(facts: GroupFacts) -> bool:
    features, rule = facts.features, facts.params.verdict
    in_order = features.off_venue or features.tied_share < rule.tied_order_share
    return (
        in_order
        and features.n_episodes >= facts.params.groups.min_episodes
        and features.n_quiet >= rule.min_quiet
        and features.quiet_fidelity is not None
        and features.quiet_fidelity >= rule.external_fidelity
    )


def _finding(opinion: Opinion, row: Mapping[str, float | None], n_strongest: int) -> Finding:
    strongest = sorted(opinion.contributions.items(), key=lambda item: (-abs(item[1]), item[0]))
    named = strongest[:n_strongest]
    said = ", ".join(f"{name} {opinion.probability[name]:.1%}" for name in CLASSES)
    moved = "; ".join(f"{_WORDS[name]} {_shown(row[name])} ({by:+.2f})" for name, by in named)
    return Finding(
        "classifier",
        f"A classifier fitted on known groups gives {said}. What moved its log-odds of "
        f"{opinion.likeliest} most, against the mean group: {moved}.",
        {
            **{name: round(opinion.probability[name], 6) for name in CLASSES},
            **_moves(named),
        },
    )


def _moves(named: Sequence[tuple[str, float]]) -> dict[str, float | int | str]:
    return {name: round(by, 4) for name, by in named}


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"


def _with_effect(seen: Finding, effect: str) -> Finding:
    return replace(seen, text=f"{effect} {seen.text}")
