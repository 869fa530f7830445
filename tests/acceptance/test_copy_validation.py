"""The loop through the detector: what a copier did is what the ordinary scan says it did."""

import json
from typing import Any

import pytest
from helpers.command import Outcome, run

CASES = ("declared", "undeclared", "other_owners")


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run("copy", "validate", "--accounts", 3_000, "--seed", 11, "--json")


@pytest.fixture(scope="module")
def report(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def test_the_command_says_that_all_is_as_it_should_be(
    outcome: Outcome, report: dict[str, Any]
) -> None:
    wrong = [case["wrong"] for case in report["cases"]]
    assert (outcome.status, report["as_it_should"], wrong) == (0, True, [[], [], []])


def test_owners_and_declarations_decide_the_verdict(report: dict[str, Any]) -> None:
    keys = ("name", "verdict", "subtype", "declaration", "recommended_action")
    declared, undeclared, others = ([case[key] for key in keys] for case in report["cases"])
    assert declared == ["declared", "INTERNAL", "own_accounts", "declared", "none"]
    assert undeclared == [
        "undeclared",
        "INTERNAL",
        "undeclared_own_accounts",
        "undeclared",
        "request_declaration",
    ]
    assert others[:2] == ["other_owners", "EXTERNAL"]


def test_the_copier_itself_refuses_what_is_prohibited(report: dict[str, Any]) -> None:
    refusals = {case["name"]: set(case["refusals"]) for case in report["cases"]}
    assert refusals == {
        "declared": set(),
        "undeclared": {"not_declared"},
        "other_owners": {"not_declared", "other_owner"},
    }


@pytest.mark.parametrize("number", range(3), ids=CASES)
def test_leader_ratios_and_lags_are_recovered(report: dict[str, Any], number: int) -> None:
    case = report["cases"][number]
    assert case["leader_account_id"] == "copy-leader"
    assert case["others"] == []
    for one in case["followers"]:
        assert one["n_copies"] >= 30  # enough to see
        assert one["found_ratio"] == pytest.approx(one["true_ratio"], rel=0.01)
        assert one["found_lag_ms"] == pytest.approx(one["true_lag_ms"], abs=1.0)
        assert one["extra_ns"] == []


def test_the_detector_does_not_read_the_copiers_stamps(report: dict[str, Any]) -> None:
    assert report["stamps_change"] is False
