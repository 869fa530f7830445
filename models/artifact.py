"""A fitted classifier <-> JSON text and its manifest: plain arrays, never code.

Numbers are written so that they read back bit for bit. What does not fit this version of the
features is refused as a whole: a classifier that weighs other numbers is worse than none.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from models.classifier import CLASSES, Classifier
from models.errors import ClassifierError
from models.group_row import FEATURE_NAMES

FORMAT = 1
"""Counts up when the text, or what a feature's name means, changes."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a classifier comes from and how it did on groups that it was not fitted on.

    `n_groups` counts groups seen with all records, `n_rows` all rows; `least` the probability from
    which on a class is in a prediction set. Errors and shares are those of `models.fitting.Fitted`.
    """

    version: str
    parameters_hash: str
    scenarios: tuple[str, ...]
    seeds: tuple[int, ...]
    n_accounts: int
    n_days: int
    n_groups: int
    n_rows: int
    n_dispositions: int
    miss_share: float
    temperature: float
    calibration_error: float
    accuracy: float
    abstained: float
    accuracy_on_new_kinds: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Artifact:
    """A classifier, its manifest, and the SHA-256 of the text that holds both."""

    classifier: Classifier
    manifest: Manifest
    content_hash: str


def write_artifact(classifier: Classifier, manifest: Manifest) -> str:
    """Return the text that holds a classifier; the same classifier gives the same bytes."""
    arrays = {
        field.name: np.asarray(getattr(classifier, field.name)).tolist()
        for field in fields(Classifier)
    }
    value = {
        "format": FORMAT,
        "manifest": asdict(manifest),
        "classes": list(CLASSES),
        "classifier": arrays,
    }
    return json.dumps(value, indent=1, allow_nan=False) + "\n"


def read_artifact(text: str) -> Artifact:
    """Return the classifier that a text holds.

    Parameters
    ----------
    text : str
        What `write_artifact` returned.

    Raises
    ------
    ClassifierError
        If the text is no artifact of this format, its features or classes are not this version's,
        shapes do not fit or a number is not finite.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        return _read(value, hashlib.sha256(text.encode()).hexdigest())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise ClassifierError(f"must have the form of a classifier, {problem}") from error


def _read(value: Any, content_hash: str) -> Artifact:
    if value["format"] != FORMAT:
        raise ClassifierError(f"format must be {FORMAT}, was {value['format']!r}")
    if tuple(value["classes"]) != CLASSES:
        raise ClassifierError(f"classes must be {', '.join(CLASSES)}, were {value['classes']!r}")
    arrays = value["classifier"]
    names = tuple(map(str, arrays["feature_names"]))
    if names != FEATURE_NAMES:
        other = sorted(set(names) ^ set(FEATURE_NAMES)) or ["their order"]
        raise ClassifierError(
            f"features must be this version's, differ in {other[0]!r}: fit it anew with "
            "`surveillance train`"
        )
    manifest = value["manifest"]
    lists = {"scenarios": tuple(manifest["scenarios"]), "seeds": tuple(manifest["seeds"])}
    floats = ("fill", "center", "scale", "weights", "offsets", "least")
    return Artifact(
        classifier=Classifier(
            feature_names=names,
            flagged=np.asarray(arrays["flagged"], np.int64),
            **{name: np.asarray(arrays[name], np.float64) for name in floats},
        ),
        manifest=Manifest(**{**manifest, **lists}),
        content_hash=content_hash,
    )


def _refuse_constant(name: str) -> float:
    raise ClassifierError(f"numbers must be finite, had {name}")
