"""Aims beside what was reached: yes, no, or open where a run cannot tell."""

from dataclasses import replace

import pytest

from surveillance.findings import PlaceboFinding, Subtype, VerdictName
from surveillance.jobs.aims import AIMS, judge_aims
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup
from surveillance.jobs.calibration import Judgment, calibration_of
from surveillance.jobs.evaluation import Environment, Evaluation
from surveillance.jobs.first_day import FirstDay
from surveillance.jobs.first_flags import FirstFlag
from surveillance.jobs.measuring import RunSummary
from surveillance.jobs.scoring import FoundGroup, RunScore, score_run
from surveillance.jobs.summing import sum_runs

ABCD = frozenset("abcd")
PLANTED = PlantedGroup("G", "relay", VerdictName.EXTERNAL, Subtype.SIGNAL, "a", ABCD, {})
KEY = AnswerKey((PLANTED,), {"x": "scalper"})
RIGHT = FoundGroup(ABCD, VerdictName.EXTERNAL, Subtype.SIGNAL, "a", False, {})


def evaluated(run: RunScore, n_account_days: int = 200_000) -> Evaluation:
    placebo = (PlaceboFinding(0.05, 0, 0.2, 2, True, {}),)
    return Evaluation(
        name="basic",
        what="it",
        environment=Environment(2, "Linux", "3.11", {}),
        parameters_hash="f" * 64,
        runs=(RunSummary("seed 1", 1000, 30, 1, 1, 1.0, 9.5, placebo),),
        methods=(sum_runs("detector", [run], n_account_days=n_account_days),),
    )


def met(evaluation: Evaluation) -> dict[str, bool | None]:
    return {row.measure: row.reached.is_met for row in judge_aims(evaluation)}


def test_what_a_run_cannot_tell_is_open() -> None:
    nothing = evaluated(score_run((), AnswerKey((), {"x": "scalper"})), n_account_days=0)
    assert set(met(nothing).values()) == {None}
    assert len(met(nothing)) == len(AIMS)


def test_a_perfect_run_meets_what_it_measures() -> None:
    perfect = replace(
        evaluated(score_run((RIGHT,), KEY)),
        first_flags=(FirstFlag("internal_local", 30, 5, 12),),
        first_day=(FirstDay("one_shot_farm", 60, is_found=True),),
        calibration=calibration_of([Judgment(0.99, is_right=True)]),
    )
    assert {name for name, is_met in met(perfect).items() if not is_met} == {
        "source off the venue recognized"
    }


@pytest.mark.parametrize(
    ("group", "failed"),
    [
        (replace(RIGHT, members=frozenset("abcdx")), "honest accounts in an EXTERNAL group"),
        (replace(RIGHT, members=frozenset("abc")), "member recall"),
        (replace(RIGHT, leader="b"), "leader right, where on the venue"),
        (replace(RIGHT, verdict=VerdictName.UNDETERMINED), "verdict right, worst kind"),
    ],
)
def test_what_is_wrong_is_not_met(group, failed) -> None:
    assert met(evaluated(score_run((group,), KEY)))[failed] is False


def test_nobody_accused_in_a_few_days_proves_nothing() -> None:
    few = met(evaluated(score_run((RIGHT,), KEY), n_account_days=50_000))
    assert few["honest accounts in an EXTERNAL group"] is None


def test_late_flags_farms_and_calibration_are_not_met() -> None:
    late = replace(
        evaluated(score_run((RIGHT,), KEY)),
        first_flags=(
            FirstFlag("internal_local", 30, 6, None),
            FirstFlag("external_human", 30, 1, 1),  # not automatic: counts in no aim
        ),
        first_day=(FirstDay("one_shot_farm", 60, is_found=False),),
        calibration=calibration_of([Judgment(0.9, is_right=False)]),
    )
    failed = {name for name, is_met in met(late).items() if is_met is False}
    assert failed == {
        "copies until the provisional flag, median clean automatic follower",
        "copies until the confirmed flag, median clean automatic follower",
        "one-shot farm of 50 accounts or more",
        "calibration error of the verdict",
    }
