"""`surveillance copy validate`: what it refuses, and that it says so when the loop is broken."""

import json

from helpers.command import run, the_refusal
from helpers.copy_datasets import PLAN, write_plan

from surveillance.jobs.copying import validate as job

SMALL = ("--accounts", 60, "--seed", 5)


def test_a_plan_with_followers_of_several_owners_is_refused(tmp_path) -> None:
    plan = write_plan(tmp_path / "plan.json", PLAN.replace('"me"', '"somebody"', 1))
    refusal = the_refusal(run("copy", "validate", plan, *SMALL))
    assert "only one's own accounts may be copied" in refusal


def test_an_instrument_that_the_market_lacks_is_named(tmp_path) -> None:
    plan = write_plan(tmp_path / "plan.json", PLAN.replace('"MES"', '"XX"'))
    refusal = the_refusal(run("copy", "validate", plan, *SMALL))
    assert "instrument XX, copied by micro, has no multiplier and tick size" in refusal


def test_a_scenario_that_there_is_not_is_wrong_usage() -> None:
    assert run("copy", "validate", "--scenario", "no such").status == 2


def test_findings_that_are_not_as_they_should_be_end_with_1(monkeypatch) -> None:
    monkeypatch.setattr(job, "_scan", lambda *_: ())
    outcome = run("copy", "validate", *SMALL, "--json")
    assert outcome.status == 1
    report = json.loads(outcome.out)
    assert report["as_it_should"] is False
    for case in report["cases"]:
        assert "its accounts stand in no group" in case["wrong"]


def test_stamps_that_change_findings_are_told(monkeypatch) -> None:
    scans = iter([("with",), ("without",), (), ()])
    monkeypatch.setattr(job, "_scan", lambda *_: next(scans))
    monkeypatch.setattr(job, "_plain", list)
    monkeypatch.setattr(job, "judge_case", lambda *_: _NOTHING_WRONG)
    outcome = run("copy", "validate", *SMALL)
    assert outcome.status == 1
    assert "CHANGE" in outcome.out


def test_stamps_are_taken_off_before_the_second_scan(monkeypatch) -> None:
    names = []

    def note(tables, *_):
        names.append(set(tables["orders"].schema.names))
        return ()

    monkeypatch.setattr(job, "_scan", note)
    run("copy", "validate", *SMALL, "--json")
    assert names[0] - names[1] == {"copy_group_id", "parent_order_id"}


_NOTHING_WRONG = job.CaseFindings("declared", None, None, None, None, None, None, (), (), (), ())
