"""Fitting and calibrating the classifier: labeled rows in, plain arrays and their record out.

A scikit-learn pipeline: missing values filled with the median and flagged, standardized,
multinomial logistic regression with a ridge.

Calibration asks for more than a new market: every kind of group is scored by a fit that never saw
the kind, since real venues hold kinds that no simulator has. On these scores one temperature is
fitted (Guo et al. 2017), then for every class the probability below which at most `miss_share` of
its groups lie (class-conditional, "Mondrian", conformal prediction: Vovk, Gammerman & Shafer 2005,
section 4.5; scores of all folds pooled: Vovk 2015, cross-conformal). How well the result is
calibrated is then measured on markets left out.

The same rows give the same arrays: one thread, a convex loss, a tight stop.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from models.classifier import CLASSES, Classifier, softmax
from models.errors import ClassifierError
from models.group_row import FEATURE_NAMES
from models.params import ClassifierParams

_LOG_TEMPERATURES = (-3.0, 3.0)  # far beyond what a fit that was not broken needs
_TOLERANCE = 1e-10  # of the solvers: predictions are the same to 1e-9


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Labeled rows: `rows` (n, n_features), `labels` (n,) numbers of classes, `weights` (n,).

    `origins` (n,) say which rows come from one market, `kinds` (n,) which are of one kind: folds
    never split them, and neither is a feature.
    `is_whole` (n,) marks groups seen with all records, on which calibration is measured.
    """

    rows: NDArray[np.float64]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]
    origins: Sequence[str]
    kinds: Sequence[str]
    is_whole: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A classifier and how it did on groups that it was not fitted on.

    On markets left out, groups seen with all records: `calibration_error` is the expected
    calibration error of the largest probability, `accuracy` the share right, `abstained` the share
    of prediction sets without exactly one class. On kinds left out, all rows by weight:
    `accuracy_on_new_kinds`, and `coverage`, the share of prediction sets that hold the truth.
    """

    classifier: Classifier
    temperature: float
    calibration_error: float
    accuracy: float
    abstained: float
    accuracy_on_new_kinds: float
    coverage: float


def fit_classifier(training: TrainingSet, params: ClassifierParams) -> Fitted:
    """Fit and calibrate a classifier.

    Parameters
    ----------
    training : TrainingSet
        Labeled rows of at least as many origins as folds, every class in at least two folds and
        of at least two kinds.
    params : ClassifierParams
        How to fit.

    Raises
    ------
    ClassifierError
        If there are too few origins, or a class has too few folds or kinds.
    """
    markets = _numbered("origin", training.origins, training.labels, params.n_folds)
    kinds = _numbered("kind", training.kinds, training.labels, None)
    with threadpool_limits(limits=1):
        of_new_kinds = _left_out_logits(training, kinds, params)
        of_new_markets = _left_out_logits(training, markets, params)
        fitted = _fit(training, np.ones(training.labels.size, np.bool_), params)
    temperature = _temperature(of_new_kinds, training)
    probability = softmax(of_new_kinds / temperature)
    least = least_probabilities(
        probability,
        training.labels,
        training.weights,
        miss_share=params.miss_share,
        never_out=params.never_out,
    )
    classifier = _as_arrays(fitted, temperature, least)
    covered = (probability >= least)[np.arange(training.labels.size), training.labels]
    found = probability.argmax(axis=1) == training.labels
    whole = training.is_whole
    usual = softmax(of_new_markets[whole] / temperature)
    right = usual.argmax(axis=1) == training.labels[whole]
    return Fitted(
        classifier=classifier,
        temperature=temperature,
        calibration_error=calibration_error(usual.max(axis=1), right),
        accuracy=float(right.mean()),
        abstained=float(((usual >= least).sum(axis=1) != 1).mean()),
        accuracy_on_new_kinds=float(np.average(found, weights=training.weights)),
        coverage=float(np.average(covered, weights=training.weights)),
    )


def least_probabilities(
    probability: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    *,
    miss_share: float,
    never_out: float,
) -> NDArray[np.float64]:
    """Return for each class the probability from which on it belongs to a prediction set.

    Of exchangeable groups of the class, at most `miss_share` lie below; the new group counts as
    one of the heaviest, so that few groups give wide sets. Where the classes are so distinct that
    this would leave out probable ones, `never_out` widens the sets.

    Parameters
    ----------
    probability : ndarray of float, shape (n, n_classes)
        Of groups that the classifier was not fitted on.
    labels : ndarray of int, shape (n,)
        Their classes.
    weights : ndarray of float, shape (n,)
        How much each counts.
    miss_share : float
        Between 0 and 1.
    never_out : float
        Probability from which on no class is left out, at most 1 / n_classes.
    """
    least = np.zeros(probability.shape[1])
    for label in range(probability.shape[1]):
        own = labels == label
        order = np.argsort(probability[own, label], kind="stable")
        scores, mass = probability[own, label][order], weights[own][order]
        below = np.cumsum(mass)  # of those up to and including each
        allowed = miss_share * (below[-1] + mass.max()) - mass.max() if mass.size else -1.0
        n_missed = int(np.searchsorted(below, allowed, "right"))
        if allowed >= 0 and scores.size:
            least[label] = min(scores[min(n_missed, scores.size - 1)], never_out)
    return least


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error in tenths (Naeini, Cooper & Hauskrecht 2015)."""
    tenth = np.minimum((confidence * 10).astype(np.int64), 9)
    gaps = [
        abs(float((right[tenth == t].astype(np.float64) - confidence[tenth == t]).sum()))
        for t in np.unique(tenth)
    ]
    return sum(gaps) / confidence.size


def _numbered(
    what: str, names: Sequence[str], labels: NDArray[np.int64], n_folds: int | None
) -> NDArray[np.int64]:
    """Return the fold of every row: one a name, or names dealt over `n_folds`."""
    found, number = np.unique(np.asarray(names), return_inverse=True)
    least = n_folds or 2
    if found.size < least:
        raise ClassifierError(f"rows must be of at least {least} {what}s, were of {found.size}")
    folds = number.astype(np.int64) % (n_folds or found.size)
    for label, name in enumerate(CLASSES):
        n = np.unique(folds[labels == label]).size
        if n < 2:
            raise ClassifierError(f"{name} groups must be in 2 {what} folds or more, were in {n}")
    return folds


def _left_out_logits(
    training: TrainingSet, folds: NDArray[np.int64], params: ClassifierParams
) -> NDArray[np.float64]:
    """Return the log-odds of every row by a fit that saw no row of its fold."""
    logits = np.zeros((training.labels.size, len(CLASSES)))
    for fold in np.unique(folds):
        out = folds == fold
        logits[out] = _logits(_fit(training, ~out, params), training.rows[out])
    return logits


def _fit(training: TrainingSet, chosen: NDArray[np.bool_], params: ClassifierParams) -> Pipeline:
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=1.0 / params.ridge, tol=_TOLERANCE, max_iter=10_000),
    )
    return pipeline.fit(
        training.rows[chosen],
        training.labels[chosen],
        logisticregression__sample_weight=training.weights[chosen],
    )


def _logits(fitted: Pipeline, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    logits: NDArray[np.float64] = fitted.decision_function(rows)
    return logits


def _temperature(logits: NDArray[np.float64], training: TrainingSet) -> float:
    """Return the divisor of the log-odds under which the labels are most probable."""
    at = np.arange(training.labels.size)

    def loss(log_temperature: float) -> float:
        probability = softmax(logits / np.exp(log_temperature))[at, training.labels]
        return float(-(training.weights * np.log(np.maximum(probability, 1e-300))).sum())

    found = minimize_scalar(
        loss, bounds=_LOG_TEMPERATURES, method="bounded", options={"xatol": _TOLERANCE}
    )
    return float(np.exp(found.x))


def _as_arrays(fitted: Pipeline, temperature: float, least: NDArray[np.float64]) -> Classifier:
    imputer, scaler, model = (step for _, step in fitted.steps)
    return Classifier(
        feature_names=FEATURE_NAMES,
        fill=_plain(imputer.statistics_),
        flagged=np.asarray(imputer.indicator_.features_, np.int64),
        center=_plain(scaler.mean_),
        scale=_plain(scaler.scale_),
        weights=_plain(model.coef_ / temperature),
        offsets=_plain(model.intercept_ / temperature),
        least=least,
    )


def _plain(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an array as it reads back from text: products round by the order in memory."""
    return np.ascontiguousarray(values, np.float64)
