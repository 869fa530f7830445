"""The verdict on identical-order clusters: plain rules, the first that matches decides.

1. One known owner has all accounts: INTERNAL.
2. The market was in a burst at the time: UNDETERMINED, a public reason is not excluded.
3. Two or more known owners: EXTERNAL; `managed_accounts` where one machine enters for all.
4. Owners not known: tied strongly into one, INTERNAL; not tied at all, EXTERNAL.
5. Anything else: UNDETERMINED, with what would decide it.

There is no leader and no fidelity to ask for: who gave the order is not on the venue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.findings import Finding
from models.linkage import Ties
from models.ownership import Ownership
from models.params import DetectionParams
from models.verdict import (
    Verdict,
    conclude,
    internal,
    one_machine,
    strangers,
    strong_ties,
    undetermined,
)


@dataclass(frozen=True, slots=True)
class ClusterFeatures:
    """What the verdict on a cluster rests on besides owners and ties.

    `burst_ratio` compares the decisions of accounts outside the cluster in its key, during its
    strongest run, with the busier of the times before and after: about 1 when it was as usual.
    """

    n_accounts: int
    n_orders: int
    n_runs: int
    quantity: float
    expected: float
    log10_p: float
    threshold_log10_p: float
    tolerated_a_year: float
    median_gap_s: float
    evenness: float
    span_s: float
    burst_ratio: float


def judge_identical(
    features: ClusterFeatures,
    ownership: Ownership,
    members: Sequence[int],
    ties: Ties,
    declaration: str,
    params: DetectionParams,
) -> Verdict:
    """Apply the rules to one cluster; arguments are those of `models.verdict.judge`."""
    reasons = [*ownership.related, _identical(features), _chance(features)]
    if ownership.n_owners == 1 and ownership.all_known:
        one = Finding(
            "one_owner",
            f"All {len(members)} accounts belong to one known owner.",
            {"accounts": len(members)},
        )
        return internal([one, *reasons], declaration, params)
    if features.burst_ratio > params.identical.burst_ratio:
        burst = Finding(
            "market_burst",
            f"Others were {features.burst_ratio:.1f} times as busy during the run as before or "
            "after it: something public may have moved all of them.",
            {"burst_ratio": round(features.burst_ratio, 4)},
        )
        wanted = "The same orders in a quiet market would decide it."
        return undetermined([burst, *reasons], wanted, params)
    if ownership.n_owners >= 2:
        several = Finding(
            "several_owners",
            f"The {len(members)} accounts belong to {ownership.n_owners} known owners.",
            {"owners": ownership.n_owners, "accounts": len(members)},
        )
        machine = one_machine(ties, members, params)
        if machine is not None and ownership.n_owners >= params.verdict.managed_min_owners:
            return conclude("EXTERNAL", "managed_accounts", [several, machine, *reasons], params)
        subtype = "mixed" if ownership.largest > 1 else "signal"
        return conclude("EXTERNAL", subtype, [several, *reasons], params)
    tied = strong_ties(ties, members, params)
    if tied is not None:
        return internal([tied, *reasons], declaration, params)
    n_tied = ties.largest_part(members, params.linkage.weak_bits)
    if ownership.n_owners == 0 and n_tied <= max(1, params.verdict.tied_share * len(members)):
        return strangers(n_tied, ownership, members, params, reasons)
    wanted = "Owner, device or address records of all members would decide it."
    return undetermined(reasons, wanted, params)


def _identical(features: ClusterFeatures) -> Finding:
    runs = "" if features.n_runs == 1 else f" in the strongest of {features.n_runs} runs"
    return Finding(
        "identical_orders",
        f"{features.n_accounts} accounts sent the same order of {features.quantity:g} within "
        f"{features.span_s:.0f} s{runs}, {features.median_gap_s:.1f} s apart at the median. "
        f"The gaps vary by {features.evenness:.0%} of their mean (by chance about 100%). At "
        f"their usual rate, {features.expected:.1f} such accounts would have come.",
        {
            "accounts": features.n_accounts,
            "orders": features.n_orders,
            "runs": features.n_runs,
            "quantity": features.quantity,
            "span_s": round(features.span_s, 3),
            "median_gap_s": round(features.median_gap_s, 3),
            "evenness": round(features.evenness, 4),
            "expected": round(features.expected, 4),
            "burst_ratio": round(features.burst_ratio, 4),
        },
    )


def _chance(features: ClusterFeatures) -> Finding:
    return Finding(
        "chance",
        f"With the market's decisions as they were, chance puts so many of them into one window "
        f"with log10 P of {features.log10_p:.1f} at most. The threshold of "
        f"{features.threshold_log10_p:.1f} pays for all windows: it lets through at most "
        f"{features.tolerated_a_year:.2g} false clusters a year.",
        {
            "log10_e": round(-features.log10_p, 4),
            "threshold_log10_e": round(-features.threshold_log10_p, 4),
            "chance_groups_per_year": features.tolerated_a_year,
        },
    )
