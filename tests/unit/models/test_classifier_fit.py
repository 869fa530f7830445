"""The classifier: it fits, calibrates, abstains, explains and travels as plain arrays."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.artifact import Manifest, read_artifact, write_artifact
from models.classifier import CLASSES, Classifier, softmax
from models.errors import ClassifierError, ParameterError
from models.fitting import (
    Fitted,
    TrainingSet,
    calibration_error,
    fit_classifier,
    least_probabilities,
)
from models.group_row import FEATURE_NAMES, FEATURES, feature_matrix
from models.params import ClassifierParams

N = len(FEATURE_NAMES)
PARAMS = ClassifierParams()
MANIFEST = Manifest("0", "h", ("basic",), (1,), 100, 1, 1, 1, 0, 0.1, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0)


def training(seed: int = 1, n: int = 600) -> TrainingSet:
    """Return three overlapping clouds of rows, a fifth of the values missing."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), n)
    rows = rng.normal(size=(n, N))
    rows[np.arange(n), labels] += 2.0
    rows[:, 4][rng.random(n) < 0.2] = np.nan
    rows[:, 7] = np.nan  # never measured anywhere
    return TrainingSet(
        rows=rows,
        labels=labels,
        weights=np.ones(n),
        origins=[f"m{number % 10}" for number in range(n)],
        kinds=[f"k{label}{number % 2}" for number, label in enumerate(labels)],
        is_whole=np.ones(n, np.bool_),
    )


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit_classifier(training(), PARAMS)


@settings(deadline=None, max_examples=50)
@given(row=arrays(np.float64, N, elements=st.floats(-1e3, 1e3) | st.just(float("nan"))))
def test_whatever_is_known_probabilities_sum_to_one(fitted: Fitted, row: np.ndarray) -> None:
    opinion = fitted.classifier.judge(row)
    assert sum(opinion.probability.values()) == pytest.approx(1.0, abs=1e-12)
    assert all(0 <= p <= 1 for p in opinion.probability.values())
    assert opinion.candidates
    assert opinion.likeliest in opinion.candidates


def test_arrays_predict_what_the_pipeline_predicts(fitted: Fitted) -> None:
    given = training()
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=1 / PARAMS.ridge, tol=1e-10, max_iter=10_000),
    ).fit(given.rows, given.labels)
    wanted = softmax(pipeline.decision_function(given.rows) / fitted.temperature)
    np.testing.assert_allclose(fitted.classifier.probabilities(given.rows), wanted, atol=1e-9)


def test_the_same_rows_give_the_same_classifier(fitted: Fitted) -> None:
    again = fit_classifier(training(), PARAMS)
    assert write_artifact(again.classifier, MANIFEST) == write_artifact(fitted.classifier, MANIFEST)


def test_contributions_add_up_to_the_log_odds(fitted: Fitted) -> None:
    row = training().rows[0]
    opinion = fitted.classifier.judge(row)
    best = CLASSES.index(opinion.likeliest)
    logits = np.log([opinion.probability[name] for name in CLASSES])
    offsets = fitted.classifier.offsets
    moved = logits[best] - np.delete(logits, best).mean()
    at_the_mean = offsets[best] - np.delete(offsets, best).mean()
    assert sum(opinion.contributions.values()) == pytest.approx(moved - at_the_mean)
    assert list(opinion.contributions) == list(FEATURE_NAMES)


def test_out_of_fold_figures_are_those_of_the_clouds(fitted: Fitted) -> None:
    assert 0.8 < fitted.accuracy < 1.0  # the clouds overlap
    assert fitted.calibration_error < 0.06
    assert 0.0 < fitted.abstained < 0.9
    assert fitted.coverage >= 1 - PARAMS.miss_share


@pytest.mark.parametrize("miss_share", [0.02, 0.1, 0.3])
def test_prediction_sets_hold_the_truth_as_often_as_promised(miss_share: float) -> None:
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 3, 900)
        probability = softmax(rng.normal(size=(900, 3)) + 1.5 * np.eye(3)[labels])
        old, new = slice(0, 600), slice(600, 900)
        least = least_probabilities(
            probability[old], labels[old], np.ones(600), miss_share=miss_share, never_out=1.0
        )
        covered.append((probability[new] >= least)[np.arange(300), labels[new]])
    per_class = np.mean(covered)
    assert 1 - miss_share - 0.01 <= per_class <= 1 - miss_share + 0.03


def test_too_few_groups_leave_nothing_out() -> None:
    least = least_probabilities(
        np.full((3, 3), 1 / 3), np.zeros(3, np.int64), np.ones(3), miss_share=0.1, never_out=0.3
    )
    assert least.tolist() == [0.0, 0.0, 0.0]


def test_what_is_probable_is_never_left_out() -> None:
    sure = np.tile([0.98, 0.01, 0.01], (500, 1))
    least = least_probabilities(
        sure, np.zeros(500, np.int64), np.ones(500), miss_share=0.1, never_out=0.1
    )
    assert least[0] == 0.1


def test_calibration_error_compares_what_was_said_with_what_was_right() -> None:
    said = np.array([0.85, 0.85, 0.85, 0.85])
    assert calibration_error(said, np.array([True] * 3 + [False])) == pytest.approx(0.1)


def test_rows_that_teach_nothing_are_refused() -> None:
    given = training()
    with pytest.raises(ClassifierError, match="at least 5 origins"):
        fit_classifier(replace(given, origins=["one"] * len(given.origins)), PARAMS)
    with pytest.raises(ClassifierError, match="INTERNAL groups must be in 2 origin folds"):
        fit_classifier(replace(given, labels=given.labels % 2), PARAMS)


# The artifact


def test_a_classifier_reads_back_bit_for_bit(fitted: Fitted) -> None:
    text = write_artifact(fitted.classifier, MANIFEST)
    read = read_artifact(text)
    assert write_artifact(read.classifier, read.manifest) == text
    rows = training(seed=2).rows
    assert np.array_equal(
        read.classifier.probabilities(rows), fitted.classifier.probabilities(rows)
    )


def first_feature(value: dict[str, Any]) -> None:
    value["classifier"]["feature_names"][0] = "shoe_size"


def another_format(value: dict[str, Any]) -> None:
    value["format"] = 2


def not_a_number(value: dict[str, Any]) -> None:
    value["classifier"]["weights"][0][0] = float("nan")


def another_shape(value: dict[str, Any]) -> None:
    value["classifier"]["fill"].pop()


def other_classes(value: dict[str, Any]) -> None:
    value["classes"].reverse()


def no_scale(value: dict[str, Any]) -> None:
    value["classifier"]["scale"][0] = 0.0


def foreign_flag(value: dict[str, Any]) -> None:
    value["classifier"]["flagged"][0] = N


def no_manifest(value: dict[str, Any]) -> None:
    del value["manifest"]


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (first_feature, "differ in 'members'"),
        (another_format, "format must be 1, was 2"),
        (not_a_number, "must be finite, had NaN"),
        (another_shape, "fill must have shape"),
        (other_classes, "classes must be"),
        (no_scale, "scale must be above 0"),
        (foreign_flag, "flagged must number features"),
        (no_manifest, "KeyError: 'manifest'"),
    ],
)
def test_a_classifier_that_does_not_fit_is_refused(
    fitted: Fitted, break_it: Callable[[dict[str, Any]], None], said: str
) -> None:
    value = json.loads(write_artifact(fitted.classifier, MANIFEST))
    break_it(value)
    with pytest.raises(ClassifierError, match=said):
        read_artifact(json.dumps(value))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1}'])
def test_what_is_no_classifier_is_refused(text: str) -> None:
    with pytest.raises(ClassifierError):
        read_artifact(text)


# Rows


def test_a_row_of_the_wrong_width_is_refused(fitted: Fitted) -> None:
    with pytest.raises(ClassifierError, match="features, had shape"):
        fitted.classifier.probabilities(np.zeros((1, 3)))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"shoe_size": 43.0}, "had 'shoe_size'"),
        ({"fidelity": float("inf")}, "fidelity must be a finite number"),
        ({"lag_median_ms": -1.0}, "lag_median_ms must be a number of at least 0"),
    ],
)
def test_values_that_are_no_features_are_refused(row: dict[str, float], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        feature_matrix([row])


def test_a_value_that_is_not_known_is_missing() -> None:
    matrix = feature_matrix([{"members": 9.0, "fidelity": None}])
    assert matrix[0, 0] == pytest.approx(1.0)
    assert np.isnan(matrix[0, 1:]).all()


def test_names_are_told_apart_and_say_what_they_are() -> None:
    assert len(set(FEATURE_NAMES)) == N
    assert len({feature.words for feature in FEATURES}) == N


def test_shapes_are_checked_however_a_classifier_is_made(fitted: Fitted) -> None:
    with pytest.raises(ClassifierError, match="offsets must have shape"):
        replace(fitted.classifier, offsets=np.zeros(2))
    assert isinstance(fitted.classifier, Classifier)
