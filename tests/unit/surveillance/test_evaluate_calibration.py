"""Calibration: what a group's right verdict is, and how far said and right lie apart."""

import pytest

from surveillance.findings import Subtype, VerdictName
from surveillance.jobs.answer_key import AnswerKey, PlantedGroup
from surveillance.jobs.calibration import Judgment, calibration_of, judge_probabilities
from surveillance.jobs.scoring import FoundGroup

KEY = AnswerKey(
    tuple(
        PlantedGroup(name, "k", verdict, Subtype.OTHER, None, frozenset(members), {})
        for name, verdict, members in (
            ("E", VerdictName.EXTERNAL, "abcd"),
            ("I", VerdictName.INTERNAL, "pqr"),
        )
    ),
    {"x": "scalper", "y": "scalper"},
)


def said(members: str, external: float, internal: float, independent: float) -> FoundGroup:
    probability = {"EXTERNAL": external, "INTERNAL": internal, "INDEPENDENT": independent}
    return FoundGroup(frozenset(members), VerdictName.UNDETERMINED, probability=probability)


@pytest.mark.parametrize(
    ("group", "wanted"),
    [
        (said("abc", 0.8, 0.1, 0.1), (Judgment(0.8, is_right=True),)),
        (said("pqr", 0.8, 0.1, 0.1), (Judgment(0.8, is_right=False),)),
        (said("xya", 0.1, 0.2, 0.7), (Judgment(0.7, is_right=True),)),
        (said("abxyuvw", 0.9, 0.1, 0.0), ()),  # a blob has no right verdict
        (FoundGroup(frozenset("abcd"), VerdictName.EXTERNAL), ()),  # no classifier
    ],
)
def test_the_most_probable_verdict_is_judged(group, wanted) -> None:
    assert judge_probabilities([group], KEY) == wanted


def test_the_error_is_the_weighted_distance_in_tenths() -> None:
    judgments = [Judgment(0.95, is_right=True)] * 3 + [Judgment(0.55, is_right=False)]
    found = calibration_of(judgments)
    assert found is not None
    assert found.error == pytest.approx((3 * 0.05 + 0.55) / 4)
    assert [(b.low, b.n, b.share_right) for b in found.bins] == [(0.5, 1, 0.0), (0.9, 3, 1.0)]


def test_certainty_falls_into_the_last_tenth() -> None:
    found = calibration_of([Judgment(1.0, is_right=True)])
    assert found is not None
    assert (found.error, found.bins[0].high) == (0.0, 1.0)


def test_without_probabilities_there_is_no_curve() -> None:
    assert calibration_of([]) is None
