"""`surveillance evaluate` as typed: what it prints, what it writes, what it asks for."""

import json

import pytest
from helpers.command import run, the_refusal

from surveillance.errors import SurveillanceError
from surveillance.jobs import evaluation
from surveillance.jobs.baselines.registry import BaselineChoice

SMALL = ("--seeds", "1", "--accounts", "120", "--days", "1", "--baselines", "none")


def test_the_document_and_its_figures_are_written_by_one_command(tmp_path) -> None:
    document = tmp_path / "quality.md"
    outcome = run(
        "evaluate",
        "--scenario",
        "basic",
        *SMALL,
        "--copies-until-flag",
        "1",
        "--write-docs",
        document,
        "--json",
    )
    assert outcome.status == 0, outcome
    report = json.loads(outcome.out)
    assert [method["method"] for method in report["methods"]] == ["detector"]
    assert report["first_flags"]
    text = document.read_text()
    for title in ("Aims and what was reached", "first flag", "by kind"):
        assert title in text
    assert (tmp_path / "figures" / "basic-honest-flags.svg").exists()


def test_variants_are_one_table_without_baselines(tmp_path) -> None:
    document = tmp_path / "quality.md"
    outcome = run(
        "evaluate",
        "--scenario",
        "basic",
        *SMALL[:-2],
        "--variant",
        "shallow=rank_test.depth:16",
        "--write-docs",
        document,
        "--json",
    )
    assert outcome.status == 0, outcome
    report = json.loads(outcome.out)
    assert [method["method"] for method in report["methods"]] == ["detector"]
    assert [variant["name"] for variant in report["variants"]] == ["shallow"]
    assert "| shallow |" in document.read_text()


def test_the_tables_are_printed(tmp_path) -> None:
    outcome = run("evaluate", "--scenario", "nothing", *SMALL)
    assert outcome.status == 0, outcome
    assert "Aims and what was reached" in outcome.out
    assert "The detector and the baselines" in outcome.out


def test_held_out_is_the_scenario_of_that_name(monkeypatch) -> None:
    asked = {}

    def note(scenario: str, **options: object) -> None:
        asked.update(options, scenario=scenario)
        raise SurveillanceError("asked for enough")

    monkeypatch.setattr(evaluation, "evaluate_scenario", note)
    assert "asked for enough" in the_refusal(run("evaluate", "--held-out", "--baselines", "all"))
    assert asked["scenario"] == "held-out"
    assert asked["plan"].baselines is BaselineChoice.ALL


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_scenario_that_there_is_not_is_refused_by_name(jobs) -> None:
    arguments = ("evaluate", "--scenario", "no such", "--seeds", "2", "--jobs", jobs)
    outcome = run(*arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert "Invalid value for --scenario: must be one of" in outcome.err
