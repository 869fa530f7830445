"""The verdict on clusters: each rule, the first that matches, with reasons that show numbers."""

from collections import Counter
from dataclasses import replace

import pytest

from models.identical_verdict import ClusterFeatures, judge_identical
from models.linkage import Tie, Ties
from models.ownership import Ownership
from models.params import DetectionParams

PARAMS = DetectionParams()
FARM = ClusterFeatures(
    n_accounts=3,
    n_orders=3,
    n_runs=1,
    quantity=1.0,
    expected=0.1,
    log10_p=-20.0,
    threshold_log10_p=-10.0,
    tolerated_a_year=0.05,
    median_gap_s=37.0,
    evenness=0.3,
    span_s=1_800.0,
    burst_ratio=1.0,
)
BURST = replace(FARM, burst_ratio=5.0)
MEMBERS = (1, 2, 3)
NO_TIES = Ties((), {})
STRONG = Ties((), {(1, 2): 9.0, (2, 3): 7.0})
HALF_TIED = Ties((), {(1, 2): 5.0})
MACHINE = Ties((Tie("device", "v", MEMBERS, 3, 8.0),), {(1, 2): 8.0})
UNKNOWN = (None, None, None)


def owned(owners: tuple[str | None, ...]) -> Ownership:
    known = Counter(owner for owner in owners if owner is not None)
    return Ownership(owners, len(known), max(known.values(), default=0), n_seen=3)


@pytest.mark.parametrize(
    ("features", "owners", "ties", "wanted"),
    [
        (FARM, ("x", "x", "x"), NO_TIES, ("INTERNAL", "undeclared_own_accounts")),
        (BURST, ("x", "x", "x"), NO_TIES, ("INTERNAL", "undeclared_own_accounts")),
        (FARM, ("x", "y", "z"), NO_TIES, ("EXTERNAL", "signal")),
        (FARM, ("x", "y", "y"), NO_TIES, ("EXTERNAL", "mixed")),
        (FARM, ("x", "y", None), NO_TIES, ("EXTERNAL", "signal")),
        (FARM, ("x", "y", "z"), MACHINE, ("EXTERNAL", "managed_accounts")),
        (BURST, ("x", "y", "z"), NO_TIES, ("UNDETERMINED", "other")),
        (BURST, UNKNOWN, NO_TIES, ("UNDETERMINED", "other")),
        (FARM, UNKNOWN, STRONG, ("INTERNAL", "undeclared_own_accounts")),
        (FARM, UNKNOWN, NO_TIES, ("EXTERNAL", "signal")),
        (FARM, UNKNOWN, HALF_TIED, ("UNDETERMINED", "other")),
        (FARM, ("x", None, None), NO_TIES, ("UNDETERMINED", "other")),
    ],
)
def test_the_first_rule_that_matches_decides(
    features: ClusterFeatures,
    owners: tuple[str | None, ...],
    ties: Ties,
    wanted: tuple[str, str],
) -> None:
    found = judge_identical(features, owned(owners), MEMBERS, ties, "undeclared", PARAMS)
    assert (found.verdict, found.subtype) == wanted
    numbers = {reason.code: reason.numbers for reason in found.reasons}
    assert numbers["identical_orders"]["accounts"] == 3
    assert numbers["identical_orders"]["median_gap_s"] == 37.0
    assert numbers["chance"] == {
        "log10_e": 20.0,
        "threshold_log10_e": 10.0,
        "chance_groups_per_year": 0.05,
    }


def test_a_declaration_covers_a_farm_of_one_owner() -> None:
    found = judge_identical(FARM, owned(("x", "x", "x")), MEMBERS, NO_TIES, "declared", PARAMS)
    assert (found.subtype, found.recommended_action) == ("own_accounts", "none")
