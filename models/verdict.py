"""The verdict: a floor of plain rules that an analyst can read; the first that matches decides.

1. They move with a public trigger, or trade around one another: INDEPENDENT.
2. One known owner has them all: INTERNAL.
3. They trade the same spread, or, by policy, the same bought robot: INDEPENDENT.
4. Several known owners, one source, copied outside bursts too: EXTERNAL.
5. Owners not known: tied strongly or declared as one, INTERNAL; hardly tied, one source and copied
   faithfully, EXTERNAL.
6. Anything else: UNDETERMINED, with what would decide it.

Timing finds, identity names: nothing here makes two accounts a group (method, section 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.features import GroupFeatures
from models.findings import Finding
from models.linkage import Ties
from models.ownership import Ownership
from models.params import DetectionParams


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules conclude; names are those of the data contract."""

    verdict: str
    subtype: str
    recommended_action: str
    reasons: tuple[Finding, ...]


def judge(
    features: GroupFeatures,
    ownership: Ownership,
    members: Sequence[int],
    ties: Ties,
    declaration: str,
    params: DetectionParams,
    *,
    further: Sequence[Finding] = (),
) -> Verdict:
    """Apply the rules to one group.

    Parameters
    ----------
    features : GroupFeatures
        Measurements of the group.
    ownership : Ownership
        Owners of the members where known, and which of them count as one.
    members : sequence of int
        Account codes, shape (n_members,).
    ties : Ties
        What the members share.
    declaration : str
        declared, undeclared, partly or contradicted.
    params : DetectionParams
        Thresholds.
    further : sequence of Finding
        Reasons beside the timing: they explain and decide nothing.
    """
    reasons = [*ownership.related, _repetition(features), _timing(features, params), *further]
    crowd = _crowd(features, params)
    if crowd is not None:
        return conclude("INDEPENDENT", "common_strategy", [crowd, *reasons], params)
    if ownership.n_owners == 1 and ownership.all_known:
        one = Finding(
            "one_owner",
            f"{_every(members).capitalize()} accounts belong to one known owner.",
            {"accounts": len(members)},
        )
        return internal([one, *reasons], declaration, params)
    strategy = _basket(features, ties, members, params) or _same_robot(features, params)
    if strategy is not None:
        return conclude("INDEPENDENT", "common_strategy", [strategy, *reasons], params)
    if ownership.n_owners >= 2:
        return _several_owners(features, ownership, members, ties, params, reasons)
    return _unknown_owners(features, ownership, members, ties, declaration, params, reasons)


def conclude(
    verdict: str, subtype: str, reasons: Sequence[Finding], params: DetectionParams
) -> Verdict:
    """Return a verdict with the action that the venue's policy has for its subtype."""
    action = getattr(params.policy.actions, subtype)
    return Verdict(verdict, subtype, action, tuple(reasons))


def _basket(
    features: GroupFeatures, ties: Ties, members: Sequence[int], params: DetectionParams
) -> Finding | None:
    """Return a reason if the members trade one spread, each on their own machine."""
    rule = params.verdict
    is_led = not features.off_venue and features.lead_share >= rule.clear_lead
    if features.basket_share < rule.basket_share:
        return None
    if is_led and features.fidelity >= rule.basket_fidelity:
        return None
    if one_machine(ties, members, params) is not None:
        return None
    return Finding(
        "basket",
        f"{features.basket_share:.0%} of the decisions are baskets, several families within "
        f"{rule.basket_ns / 1e9:g} s, and a follower repeats {features.fidelity:.0%} of them: the "
        "accounts react to the same spread.",
        {
            "basket_share": round(features.basket_share, 4),
            "fidelity": round(features.fidelity, 4),
        },
    )


def _same_robot(features: GroupFeatures, params: DetectionParams) -> Finding | None:
    share = features.automated_share
    if params.policy.same_robot_is_copying or share is None or not features.off_venue:
        return None
    if share < params.verdict.robot_share:
        return None
    return Finding(
        "same_robot",
        f"No account leads and {share:.0%} of the orders are marked as automated: by this venue's "
        "policy the same bought robot is not copying.",
        {"automated_share": round(share, 4)},
    )


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
        and features.crowd_ratio >= rule.quiet_ratio
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
            f"{features.opposite_share:.0%} of the accounts trade around others or are traded "
            "around: one enters before the other and leaves within "
            f"{rule.opposite_exit_ns // 1_000_000_000} s after it. That is no copying.",
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


def _timing(features: GroupFeatures, params: DetectionParams) -> Finding:
    if features.off_venue:
        return Finding(
            "source_off_venue",
            f"No account is in enough episodes to be the source: the best is in "
            f"{features.coverage:.0%}. All follow something outside the venue.",
            {"coverage": round(features.coverage, 4)},
        )
    numbers: dict[str, float | int | str] = {
        "coverage": round(features.coverage, 4),
        "lead_share": round(features.lead_share, 4),
    }
    if features.tied_share >= params.verdict.tied_order_share:
        return Finding(
            "order_unknown",
            f"In {features.tied_share:.0%} of the episodes others acted at the same instant as the "
            f"likeliest leader, who traded in {features.coverage:.0%} of them: the clock is too "
            "coarse to say who was first.",
            {"coverage": numbers["coverage"], "tied_share": round(features.tied_share, 4)},
        )
    return Finding(
        "one_leader",
        f"One account traded in {features.coverage:.0%} of the episodes and was first in "
        f"{features.lead_share:.0%} of those.",
        numbers,
    )


def internal(reasons: list[Finding], declaration: str, params: DetectionParams) -> Verdict:
    """Return INTERNAL for the reasons given, and whether a declaration covers it."""
    if declaration == "declared":
        declared = Finding("declared", "A declaration covers every follower.", {})
        return conclude("INTERNAL", "own_accounts", [*reasons, declared], params)
    missing = Finding("not_declared", f"Declarations: the copy group is {declaration}.", {})
    return conclude("INTERNAL", "undeclared_own_accounts", [*reasons, missing], params)


def _every(members: Sequence[int]) -> str:
    return "both" if len(members) == 2 else f"all {len(members)}"


def _has_source(features: GroupFeatures, members: Sequence[int], params: DetectionParams) -> bool:
    if features.off_venue:
        return len(members) >= params.verdict.min_off_venue_members
    return features.lead_share >= params.verdict.min_lead


def _copies(features: GroupFeatures, params: DetectionParams, fidelity: float) -> bool:
    if features.n_episodes < params.groups.min_episodes:
        return False
    if features.off_venue:
        fidelity = max(fidelity, params.verdict.external_fidelity_off_venue)
    if features.n_quiet < params.verdict.min_quiet or features.quiet_fidelity is None:
        return False
    return features.quiet_fidelity >= fidelity


def _public_clock(features: GroupFeatures, params: DetectionParams) -> Finding | None:
    """Return a reason if nobody leads and the episodes gather at one place of the hour."""
    if not features.off_venue or features.clock_share < params.verdict.clock_share:
        return None
    return Finding(
        "public_clock",
        f"No account leads, and the episodes gather at one place of the hour or of its parts "
        f"({features.clock_share:.0%} of the way to all at one place): a public clock may move "
        "everybody.",
        {"clock_share": round(features.clock_share, 4)},
    )


def _several_owners(
    features: GroupFeatures,
    ownership: Ownership,
    members: Sequence[int],
    ties: Ties,
    params: DetectionParams,
    reasons: list[Finding],
) -> Verdict:
    several = Finding(
        "several_owners",
        f"The {len(members)} accounts belong to {ownership.n_owners} known owners.",
        {"owners": ownership.n_owners, "accounts": len(members)},
    )
    wanted = "More decisions repeated in quiet markets, or a clear first account, would decide it."
    if not _copies(features, params, params.verdict.external_fidelity):
        return undetermined([several, *reasons], wanted, params)
    machine = one_machine(ties, members, params)
    if machine is not None and ownership.n_owners >= params.verdict.managed_min_owners:
        return conclude("EXTERNAL", "managed_accounts", [several, machine, *reasons], params)
    if not _has_source(features, members, params):
        return undetermined([several, *reasons], wanted, params)
    clock = _public_clock(features, params)
    if clock is not None:
        return undetermined([several, clock, *reasons], wanted, params)
    subtype = "mixed" if ownership.largest > 1 else "signal"
    return conclude("EXTERNAL", subtype, [several, *reasons], params)


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
                f"One {tie.kind} enters the orders of {_every(members)} accounts.",
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
        f"Shared {kinds} tie {_every(members)} accounts together ({weakest:.1f} bits or more).",
        {"weight_bits": round(weakest, 2)},
    )


def _unknown_owners(
    features: GroupFeatures,
    ownership: Ownership,
    members: Sequence[int],
    ties: Ties,
    declaration: str,
    params: DetectionParams,
    reasons: list[Finding],
) -> Verdict:
    tied = strong_ties(ties, members, params)
    if tied is not None:
        return internal([tied, *reasons], declaration, params)
    if declaration == "declared" and ownership.n_owners <= 1:
        filed = Finding(
            "declared_as_one",
            f"A declaration that covers the copying names all {len(members)} accounts as one "
            "owner's; owner records do not contradict it.",
            {"accounts": len(members)},
        )
        return internal([filed, *reasons], declaration, params)
    n_tied = ties.largest_part(members, params.linkage.weak_bits)
    clock = _public_clock(features, params)
    if clock is not None:
        reasons = [clock, *reasons]
    in_order = features.off_venue or features.tied_share < params.verdict.tied_order_share
    if (
        in_order
        and clock is None
        and n_tied <= max(1, params.verdict.tied_share * len(members))
        and ownership.n_owners == 0
        and _has_source(features, members, params)
        and _copies(features, params, params.verdict.external_fidelity_unknown)
    ):
        return strangers(n_tied, ownership, members, params, reasons)
    return undetermined(
        reasons, "Owner, device or address records of all members would decide it.", params
    )


def strangers(
    n_tied: int,
    ownership: Ownership,
    members: Sequence[int],
    params: DetectionParams,
    reasons: list[Finding],
) -> Verdict:
    """Return EXTERNAL; where nothing could be checked, ask for a review only."""
    if ownership.n_seen == 0:
        unchecked = Finding(
            "no_records",
            f"There are no account or session records of the {len(members)} accounts: that one "
            "owner holds them could not be checked.",
            {"accounts": len(members)},
        )
        action = params.policy.actions.other
        return Verdict("EXTERNAL", "signal", action, (unchecked, *reasons))
    tied = (
        "nothing outside trading ties the accounts together"
        if n_tied == 1
        else f"ties outside trading connect at most {n_tied} of the {len(members)} accounts"
    )
    stranger = Finding(
        "no_tie",
        f"The owners are unknown and {tied}.",
        {"accounts": len(members), "tied": n_tied},
    )
    return conclude("EXTERNAL", "signal", [stranger, *reasons], params)


def undetermined(reasons: list[Finding], wanted: str, params: DetectionParams) -> Verdict:
    """Return UNDETERMINED for the reasons given, and what would decide it."""
    decides = Finding("would_decide", wanted, {})
    return conclude("UNDETERMINED", "other", [*reasons, decides], params)
