"""The verdict: a floor of plain rules that an analyst can read; the first that matches decides.

1. They move with a public trigger, or trade around one another: INDEPENDENT.
2. One known owner has them all: INTERNAL.
3. Several known owners, one source, copied outside bursts too: EXTERNAL.
4. Owners not known: tied strongly into one, INTERNAL; not tied at all and copied faithfully,
   EXTERNAL.
5. Anything else: UNDETERMINED, with what would decide it.

Timing finds, identity names: nothing here makes two accounts a group (method, section 7).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from models.features import GroupFeatures
from models.linkage import Ties
from models.params import DetectionParams


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason: code, sentence, numbers."""

    code: str
    text: str
    numbers: dict[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules conclude; names are those of the data contract."""

    verdict: str
    subtype: str
    recommended_action: str
    reasons: tuple[Finding, ...]


def judge(
    features: GroupFeatures,
    owners: Sequence[str | None],
    members: Sequence[int],
    ties: Ties,
    declaration: str,
    params: DetectionParams,
) -> Verdict:
    """Apply the rules to one group.

    Parameters
    ----------
    features : GroupFeatures
        Measurements of the group.
    owners : sequence of str or None, shape (n_members,)
        Owner of each member where known.
    members : sequence of int
        Account codes, aligned with `owners`.
    ties : Ties
        What the members share.
    declaration : str
        declared, undeclared, partly or contradicted.
    params : DetectionParams
        Thresholds.
    """
    reasons = [_repetition(features), _timing(features)]
    known = {owner for owner in owners if owner is not None}
    crowd = _crowd(features, params)
    if crowd is not None:
        return Verdict("INDEPENDENT", "common_strategy", "none", (crowd, *reasons))
    if len(known) == 1 and None not in owners:
        return internal(
            [
                Finding(
                    "one_owner",
                    f"All {len(members)} accounts belong to one known owner.",
                    {"accounts": len(members)},
                ),
                *reasons,
            ],
            declaration,
        )
    if len(known) >= 2:
        return _several_owners(features, owners, members, ties, params, reasons)
    return _unknown_owners(features, members, ties, declaration, params, reasons, bool(known))


def _crowd(features: GroupFeatures, params: DetectionParams) -> Finding | None:
    rule = params.verdict
    if (
        features.n_quiet >= rule.min_quiet
        and features.quiet_fidelity is not None
        and features.quiet_fidelity < rule.crowd_quiet_fidelity
        and features.burst_share >= rule.crowd_burst_share
    ):
        return Finding(
            "public_trigger",
            f"The accounts move together in bursts only: away from them, {features.n_quiet} "
            f"decisions were repeated in {features.quiet_fidelity:.0%} of the chances.",
            {
                "quiet_opportunities": features.n_quiet,
                "quiet_fidelity": round(features.quiet_fidelity, 4),
                "burst_share": round(features.burst_share, 4),
            },
        )
    if (
        features.n_quiet < rule.min_quiet
        and features.burst_share >= rule.crowd_only_burst_share
        and features.crowd_size >= rule.crowd_size
    ):
        return Finding(
            "public_trigger",
            f"The accounts move together in bursts only: {features.crowd_size:.0f} decisions of "
            f"unrelated accounts fell within 10 s of the median episode, and "
            f"{features.burst_share:.0%} of the episodes lie in bursts or on the minute.",
            {
                "crowd_size": features.crowd_size,
                "burst_share": round(features.burst_share, 4),
                "quiet_opportunities": features.n_quiet,
            },
        )
    if features.opposite_share >= rule.opposite_share:
        return Finding(
            "opposite_legs",
            f"One side was in and out again around {features.opposite_share:.0%} of the shared "
            f"decisions within {rule.opposite_ns // 1_000_000_000} s while the other was not: it "
            "trades around the other, it does not copy it.",
            {"opposite_share": round(features.opposite_share, 4)},
        )
    return None


def _repetition(features: GroupFeatures) -> Finding:
    return Finding(
        "repeated_decisions",
        f"{features.n_episodes} decisions of one source were repeated; a follower repeats "
        f"{features.fidelity:.0%} of those it could.",
        {"episodes": features.n_episodes, "fidelity": round(features.fidelity, 4)},
    )


def _timing(features: GroupFeatures) -> Finding:
    if features.off_venue:
        return Finding(
            "source_off_venue",
            f"No account is in enough episodes to be the source: the best is in "
            f"{features.coverage:.0%}. All follow something outside the venue.",
            {"coverage": round(features.coverage, 4)},
        )
    return Finding(
        "one_leader",
        f"One account traded in {features.coverage:.0%} of the episodes and was first in "
        f"{features.lead_share:.0%} of those.",
        {"coverage": round(features.coverage, 4), "lead_share": round(features.lead_share, 4)},
    )


def internal(reasons: list[Finding], declaration: str) -> Verdict:
    """Return INTERNAL for the reasons given, and whether a declaration covers it."""
    if declaration == "declared":
        reasons.append(Finding("declared", "A declaration covers every follower.", {}))
        return Verdict("INTERNAL", "own_accounts", "none", tuple(reasons))
    reasons.append(Finding("not_declared", f"Declarations: the copy group is {declaration}.", {}))
    return Verdict("INTERNAL", "undeclared_own_accounts", "request_declaration", tuple(reasons))


def _has_source(features: GroupFeatures, params: DetectionParams) -> bool:
    return features.off_venue or features.lead_share >= params.verdict.min_lead


def _copies(features: GroupFeatures, params: DetectionParams, fidelity: float) -> bool:
    if features.n_episodes < params.groups.min_episodes:
        return False
    if features.n_quiet < params.verdict.min_quiet or features.quiet_fidelity is None:
        return False
    return features.quiet_fidelity >= fidelity


def _several_owners(
    features: GroupFeatures,
    owners: Sequence[str | None],
    members: Sequence[int],
    ties: Ties,
    params: DetectionParams,
    reasons: list[Finding],
) -> Verdict:
    counts = Counter(owner for owner in owners if owner is not None)
    several = Finding(
        "several_owners",
        f"The {len(members)} accounts belong to {len(counts)} known owners.",
        {"owners": len(counts), "accounts": len(members)},
    )
    if not (
        _copies(features, params, params.verdict.external_fidelity)
        and _has_source(features, params)
    ):
        return undetermined(
            [several, *reasons],
            "More decisions repeated in quiet markets, or a clear first account, would decide it.",
        )
    machine = one_machine(ties, members, params)
    if machine is not None and len(counts) >= params.verdict.managed_min_owners:
        return Verdict(
            "EXTERNAL", "managed_accounts", "freeze_review", (several, machine, *reasons)
        )
    subtype = "mixed" if counts.most_common(1)[0][1] > 1 else "signal"
    return Verdict("EXTERNAL", subtype, "freeze_review", (several, *reasons))


def one_machine(ties: Ties, members: Sequence[int], params: DetectionParams) -> Finding | None:
    """Return a reason if one device or operator id serves every member."""
    for tie in ties.ties:
        if (
            tie.kind in ("device", "operator")
            and len(tie.accounts) == len(members)
            and tie.weight_bits >= params.linkage.strong_bits
        ):
            return Finding(
                "one_machine",
                f"One {tie.kind} enters the orders of all {len(members)} accounts.",
                {"weight_bits": round(tie.weight_bits, 2), "crowd": tie.crowd},
            )
    return None


def strong_ties(ties: Ties, members: Sequence[int], params: DetectionParams) -> Finding | None:
    """Return a reason if strong ties join all members."""
    strong = params.linkage.strong_bits
    if not ties.joined(members, strong):
        return None
    weakest = min(bits for bits in ties.pair_bits.values() if bits >= strong)
    kinds = ", ".join(sorted({tie.kind for tie in ties.ties if tie.weight_bits > 0}))
    return Finding(
        "strong_ties",
        f"Shared {kinds} tie all {len(members)} accounts together ({weakest:.1f} bits or more).",
        {"weight_bits": round(weakest, 2)},
    )


def _unknown_owners(
    features: GroupFeatures,
    members: Sequence[int],
    ties: Ties,
    declaration: str,
    params: DetectionParams,
    reasons: list[Finding],
    some_known: bool,
) -> Verdict:
    tied = strong_ties(ties, members, params)
    if tied is not None:
        return internal([tied, *reasons], declaration)
    tied_somewhere = any(bits > 0 for bits in ties.pair_bits.values())
    if (
        not tied_somewhere
        and not some_known
        and _has_source(features, params)
        and _copies(features, params, params.verdict.external_fidelity_unknown)
    ):
        stranger = Finding(
            "no_tie",
            "The owners are unknown and nothing outside trading ties the accounts together.",
            {"accounts": len(members)},
        )
        return Verdict("EXTERNAL", "signal", "freeze_review", (stranger, *reasons))
    return undetermined(reasons, "Owner, device or address records of all members would decide it.")


def undetermined(reasons: list[Finding], wanted: str) -> Verdict:
    """Return UNDETERMINED for the reasons given, and what would decide it."""
    return Verdict(
        "UNDETERMINED",
        "other",
        "review",
        (*reasons, Finding("would_decide", wanted, {})),
    )
