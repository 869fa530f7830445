"""The quality document: sections replaced alone, same results same text."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from surveillance.errors import SurveillanceError
from surveillance.findings import PlaceboFinding, Subtype, VerdictName
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup
from surveillance.jobs.calibration import Judgment, calibration_of
from surveillance.jobs.evaluation import Environment, Evaluation, VariantScore
from surveillance.jobs.first_day import FirstDay
from surveillance.jobs.first_flags import FirstFlag
from surveillance.jobs.measuring import RunSummary
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
    methods = [
        sum_runs(method, [run], n_account_days=50) for method in ("detector", "hand_set_rule")
    ]
    methods.append(
        sum_runs("toolkit", [], n_account_days=0, unfinished=["ran out of time (300 s)"])
    )
    return Evaluation(
        name=name,
        what=f"scenario `{name}`",
        environment=HERE,
        parameters_hash="f" * 64,
        runs=(RunSummary("seed 1", 1000, 30, 1, 1, 1.0, 9.5, PLACEBO),),
        methods=tuple(methods),
        calibration=calibration_of([Judgment(0.9, is_right=True), Judgment(0.3, is_right=False)]),
        first_flags=(FirstFlag("external_automatic", 20, 4, None),),
        first_day=(FirstDay("one_shot_farm", 50, is_found=True),),
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


def test_a_method_without_an_answer_says_why() -> None:
    tables = {
        table.title.partition(";")[0]: table for table in evaluation_tables(build_evaluation())
    }
    row = tables["The detector and the baselines"].rows[-1]
    assert row[0] == "coordination-network-toolkit: ran out of time (300 s) on 1 of 1"
    assert set(row[1:]) == {"-"}


def test_figures_stand_beside_the_document_and_are_named_in_it(tmp_path) -> None:
    path = tmp_path / "docs" / "quality.md"
    write_quality(path, build_evaluation(), command="a")
    text = path.read_text()
    files = sorted((tmp_path / "docs" / "figures").iterdir())
    assert [file.name for file in files] == [
        "basic-calibration.svg",
        "basic-honest-flags.svg",
        "basic-member-recall.svg",
    ]
    for file in files:
        assert f"(figures/{file.name})" in text
        root = ElementTree.fromstring(file.read_text())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "http" not in file.read_text().replace("http://www.w3.org/2000/svg", "")


def test_the_same_results_give_the_same_figures(tmp_path) -> None:
    for name in ("one", "two"):
        write_quality(tmp_path / name / "quality.md", build_evaluation(), command="a")
    one, two = (sorted((tmp_path / name / "figures").iterdir()) for name in ("one", "two"))
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in two]


def test_a_figure_that_is_no_longer_drawn_goes(tmp_path) -> None:
    path = tmp_path / "quality.md"
    write_quality(path, build_evaluation(), command="a")
    write_quality(path, replace(build_evaluation(), calibration=None), command="b")
    assert not (tmp_path / "figures" / "basic-calibration.svg").exists()
    assert "basic-calibration.svg" not in path.read_text()
    assert "No fitted classifier" in path.read_text()


def with_variants(evaluation: Evaluation) -> Evaluation:
    score = evaluation.methods[0]
    deep = VariantScore("deep", "e" * 64, score, (1.0, 2.0), (PLACEBO, PLACEBO))
    return replace(evaluation, variants=(deep,))


def test_variants_have_a_section_of_their_own(tmp_path) -> None:
    path = tmp_path / "quality.md"
    write_quality(path, build_evaluation(), command="one")
    write_quality(path, with_variants(build_evaluation()), command="two")
    write_quality(path, with_variants(build_evaluation()), command="three")
    text = path.read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")][:2] == [
        "## basic",
        "## basic, variants of the method",
    ]
    assert "`one`" in text
    assert "`two`" not in text
    assert "| deep | 1 of 1 |" in text
    assert "| 1 2 | 0 / 4 |" in text


def test_every_row_is_as_wide_as_its_header() -> None:
    evaluation = with_variants(build_evaluation())
    for table in (*evaluation_tables(evaluation), *real_data_tables(build_real_data())):
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
