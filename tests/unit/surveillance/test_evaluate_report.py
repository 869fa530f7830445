"""The quality document: sections replaced alone, same results same text."""

import json
from dataclasses import replace

import pytest

from surveillance.errors import SurveillanceError
from surveillance.findings import PlaceboFinding, Subtype, VerdictName
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup
from surveillance.jobs.evaluation import Environment, Evaluation, RunSummary
from surveillance.jobs.peer_comparison import PeerComparison
from surveillance.jobs.planting import CopierPlan
from surveillance.jobs.quality_report import evaluation_tables, real_data_tables, write_quality
from surveillance.jobs.real_data import GroupSummary, PlantedScan, RealDataReport, SetScan
from surveillance.jobs.scoring import FoundGroup, score_run
from surveillance.jobs.summing import sum_runs

HERE = Environment(2, "Linux x86_64", "3.11.7", {"numpy": "2.4"})
PLACEBO = (PlaceboFinding(0.05, 0, 0.2, 2, True, {"300 s": 0}),)


def build_evaluation(name: str = "basic", n_found: int = 1) -> Evaluation:
    planted = PlantedGroup(
        "G", "relay|x", VerdictName.EXTERNAL, Subtype.SIGNAL, "a", frozenset("ab"), {"b": 1.0}
    )
    key = AnswerKey((planted,), {"x": "scalper"})
    group = FoundGroup(frozenset("abx"), VerdictName.EXTERNAL, Subtype.SIGNAL, "a", False, {})
    run = score_run((group,) * n_found, key)
    methods = ("detector", "hand_set_rule", "peer_rule")
    return Evaluation(
        name=name,
        what=f"scenario `{name}`",
        environment=HERE,
        parameters_hash="f" * 64,
        runs=(RunSummary("seed 1", 1000, 30, 1, 1, 1.0, 9.5, PLACEBO),),
        methods=tuple(sum_runs(method, [run], n_account_days=50) for method in methods),
    )


def build_real_data(leader: str | None = "L") -> RealDataReport:
    scan = SetScan("set", 100, 10, 0, 1.0, 6.7, (), PLACEBO)
    group = GroupSummary("EXTERNAL", "signal", 11, leader, leader is None, 35.0, 200)
    planted = PlantedScan(replace(scan, groups=(group,)), "L", 300, CopierPlan(), 10, 0, 10)
    peer = PeerComparison(600, 2, 0, 0, 0, ((1, 30, 40, 2), (2, 10, 5, 3)), 0, 0)
    return RealDataReport(HERE, "f" * 64, scan, planted, scan, scan, peer)


def test_a_section_is_replaced_and_the_others_stay(tmp_path) -> None:
    path = tmp_path / "docs" / "quality.md"
    write_quality(path, build_evaluation(), command="one")
    write_quality(path, build_real_data(), command="two")
    write_quality(path, build_evaluation("nothing"), command="three")
    first = path.read_text()
    write_quality(path, build_evaluation(n_found=0), command="four")
    text = path.read_text()
    assert "`one`" in first
    assert "`one`" not in text
    assert all(f"`{command}`" in text for command in ("two", "three", "four"))
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[:3] == ["## basic", "## nothing", "## Real data"]
    assert text.count("# Quality\n") == 1


def test_the_same_results_give_the_same_text_in_any_order(tmp_path) -> None:
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    write_quality(one, build_evaluation(), command="a")
    write_quality(one, build_real_data(), command="b")
    write_quality(two, build_real_data(), command="b")
    write_quality(two, build_evaluation(), command="a")
    write_quality(two, build_evaluation(), command="a")
    assert one.read_bytes() == two.read_bytes()


def test_a_hostile_dataset_name_cannot_end_its_section(tmp_path) -> None:
    path = tmp_path / "quality.md"
    hostile = build_evaluation("x -->\n<!-- end -->\n<script>")
    write_quality(path, replace(hostile, what="it"), command="a")
    write_quality(path, build_real_data(), command="b")
    text = path.read_text()
    assert "<script>" not in text
    assert text.count("<!-- end -->") == 2


def test_a_cell_cannot_open_a_column() -> None:
    table = evaluation_tables(build_evaluation())[0]
    lines = table.to_markdown().splitlines()
    assert len({line.count("|") for line in lines}) == 1


def test_every_row_is_as_wide_as_its_header() -> None:
    for table in (*evaluation_tables(build_evaluation()), *real_data_tables(build_real_data())):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.header)}


def test_failures_name_what_is_not_met(tmp_path) -> None:
    assert build_real_data().failures() == ()
    failed = build_real_data(leader=None)
    assert len(failed.failures()) == 1
    path = tmp_path / "quality.md"
    write_quality(path, failed, command="a")
    assert "Not met: the planted copiers" in path.read_text()


def test_records_are_plain_json() -> None:
    assert json.loads(json.dumps(build_evaluation().to_json()))["name"] == "basic"
    assert json.loads(json.dumps(build_real_data().to_json()))["planted"]["leader"] == "L"


def test_an_unwritable_document_is_refused_in_one_line(tmp_path) -> None:
    with pytest.raises(SurveillanceError, match="could not be written"):
        write_quality(tmp_path, build_evaluation(), command="a")
