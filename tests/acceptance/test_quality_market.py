"""Both controls on whole markets: the planted is found, and nothing where nothing is planted."""

import json

import pytest

from streams.errors import StreamError
from streams.files import write_dataset
from streams.simulator import simulate
from surveillance.findings import VerdictName
from surveillance.jobs.baselines.registry import BaselineChoice, choose_baselines
from surveillance.jobs.evaluation import Evaluation, evaluate_dataset, evaluate_scenario
from surveillance.jobs.measuring import DETECTOR, MeasuringPlan

NOW_NS = 1_900_000_000 * 10**9


@pytest.fixture(scope="module")
def basic() -> Evaluation:
    return evaluate_scenario("basic", seeds=[1], n_accounts=800, n_days=2)


@pytest.fixture(scope="module")
def nothing() -> Evaluation:
    return evaluate_scenario("nothing", seeds=[1], n_accounts=800, n_days=2)


def test_every_planted_group_is_found(basic) -> None:
    total = basic.methods[0].total
    assert total.n_groups == basic.runs[0].n_planted >= 10
    assert total.n_found == total.n_half_found == total.n_groups


def test_leaders_verdicts_and_ratios_are_right(basic) -> None:
    total = basic.methods[0].total
    assert total.n_leader_right >= 0.95 * total.n_groups
    assert total.n_verdict_right >= 0.95 * total.n_groups
    assert total.n_ratios_right >= 0.9 * total.n_ratios


def test_no_honest_account_is_called_external(basic) -> None:
    detector = basic.methods[0]
    assert detector.n_honest_in(VerdictName.EXTERNAL) == 0
    assert detector.n_extra == 0


def test_the_baselines_see_the_same_groups_and_do_worse(basic) -> None:
    detector, *others = basic.methods
    quick = [baseline.name for baseline in choose_baselines(BaselineChoice.QUICK)]
    assert [method.method for method in basic.methods] == [DETECTOR, *quick]
    for method in others:
        assert method.unfinished == {}
        assert method.total.n_groups == detector.total.n_groups
        assert method.flagged.n >= detector.flagged.n
    assert others[0].total.n_found > 0
    assert any(method.flagged.n > detector.flagged.n for method in others)


def test_where_nothing_is_planted_nobody_is_accused(nothing) -> None:
    detector = nothing.methods[0]
    assert detector.total.n_groups == 0
    assert detector.n_honest_in(VerdictName.EXTERNAL) == 0
    assert detector.n_honest_in(VerdictName.INTERNAL) == 0


def test_the_placebo_keeps_its_bound(basic, nothing) -> None:
    for evaluation in (basic, nothing):
        for run in evaluation.runs:
            assert run.placebo
            assert all(count.within_bound for count in run.placebo)


def test_a_dataset_with_its_key_gives_the_numbers_of_its_scenario(tmp_path) -> None:
    market = simulate("basic", n_accounts=150, n_days=1, seed=3)
    write_dataset(tmp_path / "market", market.tables)
    key = tmp_path / "market.key.json"
    key.write_text(json.dumps(market.answer_key))
    seen: list[tuple[str, int, int]] = []
    from_files = evaluate_dataset(
        tmp_path / "market", key, now_ns=NOW_NS, on_progress=lambda *step: seen.append(step)
    )
    from_scenario = evaluate_scenario("basic", seeds=[3], n_accounts=150, n_days=1)
    assert from_files.methods == from_scenario.methods
    assert from_files.calibration is None
    assert from_files.name == "market"
    assert {what.partition(": ")[2] for what, _, _ in seen} == {
        "reading",
        "detecting",
        "baselines",
    }


def test_processes_change_nothing_but_the_time() -> None:
    plan = MeasuringPlan(baselines=BaselineChoice.NONE, n_with_first_flags=1)
    alone, together = (
        evaluate_scenario("basic", seeds=[3, 4], n_accounts=150, n_days=1, plan=plan, n_jobs=n)
        for n in (1, 2)
    )
    assert alone == together
    assert alone.first_flags


def test_a_refusal_comes_back_from_a_process() -> None:
    with pytest.raises(StreamError, match="scenario must be one of"):
        evaluate_scenario("no such", seeds=[1, 2], n_accounts=100, n_days=1, n_jobs=2)


def test_an_evaluation_without_a_seed_is_refused() -> None:
    with pytest.raises(StreamError, match="seeds must hold at least one seed"):
        evaluate_scenario("basic", seeds=[], n_accounts=100, n_days=1)
