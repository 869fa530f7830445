"""The verdict's floor: each rule, the first that matches, with reasons that show their numbers."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from models.corroboration import KINDS
from models.features import GroupFeatures
from models.findings import Finding
from models.linkage import Tie, Ties
from models.ownership import Ownership
from models.params import ActionPolicy, DetectionParams, PolicyParams
from models.verdict import Verdict, judge

PARAMS = DetectionParams()
COPYING = GroupFeatures(
    n_episodes=20,
    n_quiet=18,
    quiet_fidelity=0.8,
    fidelity=0.75,
    burst_share=0.1,
    crowd_size=1.0,
    crowd_ratio=0.5,
    lead_share=0.95,
    tied_share=0.0,
    coverage=1.0,
    off_venue=False,
    opposite_share=0.0,
)
CROWD = replace(COPYING, quiet_fidelity=0.05, burst_share=0.9)
MEMBERS = (1, 2, 3)
NO_TIES = Ties((), {})
STRONG = Ties((), {(1, 2): 9.0, (2, 3): 7.0})
WEAK = Ties((), {(1, 2): 1.0})
SOME = Ties((), {(1, 2): 4.5})


def verdict(
    features: GroupFeatures = COPYING,
    owners: tuple[str | None, ...] = ("x", "y", "z"),
    ties: Ties = NO_TIES,
    declaration: str = "undeclared",
    params: DetectionParams = PARAMS,
    n_seen: int = 3,
) -> Verdict:
    known = Counter(owner for owner in owners if owner is not None)
    ownership = Ownership(owners, len(known), max(known.values(), default=0), n_seen)
    return judge(features, ownership, MEMBERS, ties, declaration, params)


def machine(kind: str, accounts: tuple[int, ...] = MEMBERS, weight: float = 8.0) -> Ties:
    return Ties((Tie(kind, "v", accounts, len(accounts), weight),), {(1, 2): weight})


UNKNOWN = (None, None, None)
CASES: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("crowd", {"features": CROWD}, "INDEPENDENT", "common_strategy", "none"),
    (
        "crowd before one owner",
        {"features": CROWD, "owners": ("x",) * 3},
        "INDEPENDENT",
        "common_strategy",
        "none",
    ),
    (
        "crowd without quiet times",
        {
            "features": replace(
                COPYING,
                n_quiet=1,
                quiet_fidelity=None,
                burst_share=0.95,
                crowd_size=30.0,
                crowd_ratio=3.0,
            )
        },
        "INDEPENDENT",
        "common_strategy",
        "none",
    ),
    (
        "opposite legs",
        {"features": replace(COPYING, opposite_share=0.6)},
        "INDEPENDENT",
        "common_strategy",
        "none",
    ),
    (
        "one owner, declared",
        {"owners": ("x",) * 3, "declaration": "declared"},
        "INTERNAL",
        "own_accounts",
        "none",
    ),
    (
        "one owner, partly declared",
        {"owners": ("x",) * 3, "declaration": "partly"},
        "INTERNAL",
        "undeclared_own_accounts",
        "request_declaration",
    ),
    ("several owners", {}, "EXTERNAL", "signal", "freeze_review"),
    ("two of one owner", {"owners": ("x", "x", "y")}, "EXTERNAL", "mixed", "freeze_review"),
    ("ties do not excuse owners", {"ties": STRONG}, "EXTERNAL", "signal", "freeze_review"),
    ("one machine", {"ties": machine("operator")}, "EXTERNAL", "managed_accounts", "freeze_review"),
    ("one device", {"ties": machine("device")}, "EXTERNAL", "managed_accounts", "freeze_review"),
    ("one address", {"ties": machine("ip")}, "EXTERNAL", "signal", "freeze_review"),
    (
        "a machine of some",
        {"ties": machine("operator", (1, 2))},
        "EXTERNAL",
        "signal",
        "freeze_review",
    ),
    (
        "several owners, too few quiet",
        {"features": replace(COPYING, n_quiet=4)},
        "UNDETERMINED",
        "other",
        "review",
    ),
    (
        "several owners, too few episodes",
        {"features": replace(COPYING, n_episodes=2)},
        "UNDETERMINED",
        "other",
        "review",
    ),
    (
        "several owners, nobody leads",
        {"features": replace(COPYING, lead_share=0.4)},
        "UNDETERMINED",
        "other",
        "review",
    ),
    (
        "source elsewhere",
        {"features": replace(COPYING, lead_share=0.4, off_venue=True)},
        "EXTERNAL",
        "signal",
        "freeze_review",
    ),
    (
        "unknown owners, strong ties",
        {"owners": UNKNOWN, "ties": STRONG},
        "INTERNAL",
        "undeclared_own_accounts",
        "request_declaration",
    ),
    (
        "one owner known, strong ties",
        {"owners": ("x", None, None), "ties": STRONG},
        "INTERNAL",
        "undeclared_own_accounts",
        "request_declaration",
    ),
    ("unknown owners, no tie", {"owners": UNKNOWN}, "EXTERNAL", "signal", "freeze_review"),
    (
        "unknown owners, a chance meeting",
        {"owners": UNKNOWN, "ties": WEAK},
        "EXTERNAL",
        "signal",
        "freeze_review",
    ),
    (
        "unknown owners, most of them tied a little",
        {"owners": UNKNOWN, "ties": SOME},
        "UNDETERMINED",
        "other",
        "review",
    ),
    (
        "unknown owners, declared as one",
        {"owners": UNKNOWN, "declaration": "declared"},
        "INTERNAL",
        "own_accounts",
        "none",
    ),
    (
        "known owners, declared as one",
        {"declaration": "declared"},
        "EXTERNAL",
        "signal",
        "freeze_review",
    ),
    (
        "unknown owners, no record of anybody",
        {"owners": UNKNOWN, "n_seen": 0},
        "EXTERNAL",
        "signal",
        "review",
    ),
    (
        "unknown owners, all at one instant",
        {"owners": UNKNOWN, "features": replace(COPYING, tied_share=0.9)},
        "UNDETERMINED",
        "other",
        "review",
    ),
    (
        "known owners, all at one instant",
        {"features": replace(COPYING, tied_share=0.9)},
        "EXTERNAL",
        "signal",
        "freeze_review",
    ),
    (
        "one owner known, no tie",
        {"owners": ("x", None, None)},
        "UNDETERMINED",
        "other",
        "review",
    ),
    (
        "unknown owners, low fidelity",
        {"owners": UNKNOWN, "features": replace(COPYING, quiet_fidelity=0.35)},
        "UNDETERMINED",
        "other",
        "review",
    ),
]


@pytest.mark.parametrize(
    ("changes", "name", "subtype", "action"),
    [case[1:] for case in CASES],
    ids=[c[0] for c in CASES],
)
def test_the_first_rule_that_matches_decides(
    changes: dict[str, Any], name: str, subtype: str, action: str
) -> None:
    found = verdict(**changes)
    assert (found.verdict, found.subtype, found.recommended_action) == (name, subtype, action)


@pytest.mark.parametrize("changes", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_reasons_are_sentences_with_plain_numbers(changes: dict[str, Any]) -> None:
    found = verdict(**changes)
    codes = [reason.code for reason in found.reasons]
    assert {"repeated_decisions"} < set(codes)
    assert len(set(codes)) == len(codes)
    for reason in found.reasons:
        assert reason.text.endswith(".")
        assert all(type(value) in (int, float, str) for value in reason.numbers.values())
        if reason.code in ("repeated_decisions", "public_trigger", "opposite_legs", "one_owner"):
            assert any(character.isdigit() for character in reason.text)
        if reason.numbers:
            assert any(character.isdigit() for character in reason.text) or reason.code == "no_tie"


def test_a_clock_too_coarse_to_tell_names_nobody_as_first() -> None:
    codes = [reason.code for reason in verdict(replace(COPYING, tied_share=0.5)).reasons]
    assert "order_unknown" in codes
    assert "one_leader" not in codes
    assert "one_leader" in [reason.code for reason in verdict().reasons]


def test_further_evidence_decides_nothing_in_the_floor() -> None:
    cases = (COPYING, CROWD, replace(COPYING, quiet_fidelity=0.2))
    for features in cases:
        for ratio in (-2.0, 2.0):
            further = {f"{kind}_log10_lr": ratio for kind in KINDS}
            assert verdict(replace(features, **further)) == verdict(features)


def test_further_reasons_follow_the_timing() -> None:
    further = (Finding("exits_repeated", "They left together 9 times.", {"repeated": 9}),)
    ownership = Ownership(("x", "y", "z"), 3, 1, 3)
    found = judge(COPYING, ownership, MEMBERS, NO_TIES, "undeclared", PARAMS, further=further)
    codes = [reason.code for reason in found.reasons]
    assert codes.index("exits_repeated") == codes.index("one_leader") + 1


def test_what_cannot_be_decided_says_what_would() -> None:
    assert verdict(owners=("x", None, None)).reasons[-1].code == "would_decide"


ROBOTS = replace(COPYING, off_venue=True, lead_share=0.4, automated_share=1.0)
NOT_COPYING = replace(PARAMS, policy=PolicyParams(same_robot_is_copying=False))


@pytest.mark.parametrize(
    ("features", "params", "name"),
    [
        (ROBOTS, PARAMS, "EXTERNAL"),
        (ROBOTS, NOT_COPYING, "INDEPENDENT"),
        (replace(ROBOTS, automated_share=0.5), NOT_COPYING, "EXTERNAL"),
        (replace(ROBOTS, automated_share=None), NOT_COPYING, "EXTERNAL"),
        (replace(ROBOTS, off_venue=False, lead_share=0.9), NOT_COPYING, "EXTERNAL"),
    ],
)
def test_whether_the_same_robot_is_copying_is_policy(
    features: GroupFeatures, params: DetectionParams, name: str
) -> None:
    assert verdict(features, params=params).verdict == name


def test_the_policy_names_the_action_of_each_subtype() -> None:
    params = replace(PARAMS, policy=PolicyParams(actions=ActionPolicy(signal="review")))
    assert verdict(params=params).recommended_action == "review"
    assert verdict(owners=("x", "x", "y"), params=params).recommended_action == "freeze_review"
