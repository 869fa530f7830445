"""The classifier: what a group's row of features says it is, in calibrated probabilities.

Multinomial logistic regression on standardized features. It is chosen for what a person can check:
the log-odds of a verdict are a sum of one contribution a feature, measured from the mean of what it
was fitted on. Where a prediction set of the wanted coverage holds several verdicts, or none, it
abstains (Vovk, Gammerman & Shafer 2005, section 4.5: conformal sets, one level a class).

Plain arrays and NumPy: fitting (`models.fitting`) is no part of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.errors import ClassifierError

CLASSES = ("EXTERNAL", "INDEPENDENT", "INTERNAL")
"""What a group can be, in the order of the classifier's rows."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the classifier makes of one group.

    `probability` is by class and sums to 1. `candidates` are the classes of the prediction set:
    it abstains unless there is exactly one. `contributions` say by feature how far it moved the
    log-odds of the most probable class against the mean of the others.
    """

    probability: Mapping[str, float]
    candidates: frozenset[str]
    contributions: Mapping[str, float]

    @property
    def likeliest(self) -> str:
        """The most probable class; ties fall to the first by name."""
        return min(CLASSES, key=lambda name: (-self.probability[name], name))

    @property
    def decided(self) -> str | None:
        """The only class of the prediction set, None where there is not exactly one."""
        return next(iter(self.candidates)) if len(self.candidates) == 1 else None


@dataclass(frozen=True, slots=True)
class Classifier:
    """A fitted classifier as plain arrays.

    Columns are the features with missing values filled, then one flag for each feature in
    `flagged` that says whether it was missing.

    Parameters
    ----------
    feature_names : tuple of str, shape (n_features,)
        What the rows must hold, in order.
    fill : ndarray of float, shape (n_features,)
        What stands for a missing value.
    flagged : ndarray of int, shape (n_flagged,)
        Features whose absence is a column of its own.
    center, scale : ndarray of float, shape (n_features + n_flagged,)
        Mean and deviation of the columns.
    weights : ndarray of float, shape (n_classes, n_features + n_flagged)
        Log-odds a standard deviation.
    offsets : ndarray of float, shape (n_classes,)
        Log-odds at the mean.
    least : ndarray of float, shape (n_classes,)
        Probability from which on a class is in the prediction set.

    Raises
    ------
    ClassifierError
        If the shapes do not fit together or a number is not finite.
    """

    feature_names: tuple[str, ...]
    fill: NDArray[np.float64]
    flagged: NDArray[np.int64]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]
    least: NDArray[np.float64]

    def __post_init__(self) -> None:
        n, n_classes = len(self.feature_names), len(CLASSES)
        n_columns = n + self.flagged.size
        shapes = {
            "fill": (n,),
            "center": (n_columns,),
            "scale": (n_columns,),
            "weights": (n_classes, n_columns),
            "offsets": (n_classes,),
            "least": (n_classes,),
        }
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values.shape != shape:
                raise ClassifierError(f"{name} must have shape {shape}, had {values.shape}")
            if not np.isfinite(values).all():
                raise ClassifierError(f"{name} must hold finite numbers only")
        if self.flagged.size and not (self.flagged.min() >= 0 and self.flagged.max() < n):
            raise ClassifierError(f"flagged must number features, 0 to {n - 1}")
        if not (self.scale > 0).all():
            raise ClassifierError(f"scale must be above 0, the least was {self.scale.min()}")

    def standardize(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the columns that are weighed, shape (n_rows, n_features + n_flagged)."""
        if rows.ndim != 2 or rows.shape[1] != len(self.feature_names):
            raise ClassifierError(
                f"rows must have {len(self.feature_names)} features, had shape {rows.shape}"
            )
        missing = np.isnan(rows)
        filled = np.where(missing, self.fill, rows)
        columns = np.column_stack([filled, missing[:, self.flagged].astype(np.float64)])
        standardized: NDArray[np.float64] = (columns - self.center) / self.scale
        return standardized

    def probabilities(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated probability of each class.

        Parameters
        ----------
        rows : ndarray of float, shape (n_rows, n_features)
            As `models.group_row.feature_matrix` gives them, NaN where unknown.

        Returns
        -------
        ndarray of float, shape (n_rows, n_classes)
            Rows sum to 1.
        """
        logits = self.standardize(rows) @ self.weights.T + self.offsets
        return softmax(logits)

    def judge(self, row: NDArray[np.float64]) -> Opinion:
        """Return what it makes of one group.

        Parameters
        ----------
        row : ndarray of float, shape (n_features,)
            As for `probabilities`.
        """
        standardized = self.standardize(row[np.newaxis])[0]
        probability = self.probabilities(row[np.newaxis])[0]
        best = int(np.argmax(probability))
        others = np.delete(self.weights, best, axis=0).mean(axis=0)
        moved = (self.weights[best] - others) * standardized
        n = len(self.feature_names)
        contributions = dict(zip(self.feature_names, moved[:n].tolist(), strict=True))
        for column, feature in enumerate(self.flagged):  # a value and its absence are one feature
            contributions[self.feature_names[feature]] += float(moved[n + column])
        inside = probability >= self.least
        return Opinion(
            probability=dict(zip(CLASSES, probability.tolist(), strict=True)),
            candidates=frozenset(
                name for name, is_in in zip(CLASSES, inside, strict=True) if is_in
            ),
            contributions=contributions,
        )


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities of log-odds, row by row; safe for large ones."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
    return shares
