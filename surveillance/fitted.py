"""The fitted classifier of a run: the one that ships with the package, or one from a file."""

from importlib.resources import files
from pathlib import Path

from models.artifact import Artifact, Manifest, read_artifact
from models.errors import ClassifierError
from streams.text import printable
from surveillance.errors import LONGEST_SHOWN_PATH, SettingsError

SHIPPED = "artifacts/verdict.json"
"""Where it lies within the package `models`."""


def load_classifier(path: Path | None = None) -> Artifact:
    """Return a fitted classifier.

    Parameters
    ----------
    path : Path, optional
        A file that `surveillance train` wrote; the one that ships with the package by default.

    Raises
    ------
    SettingsError
        If the file cannot be read or is no classifier of this version.
    """
    shown = SHIPPED if path is None else printable(str(path), LONGEST_SHOWN_PATH)
    place = files("models").joinpath(SHIPPED) if path is None else path
    try:
        return read_artifact(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"classifier {shown}: {error.strerror or error}"]) from error
    except (UnicodeDecodeError, ClassifierError) as error:
        raise SettingsError([f"classifier {shown}: {error}"]) from error


def check_place(path: Path) -> None:
    """Refuse a place for a fitted classifier before the work starts.

    Raises
    ------
    SettingsError
        If it is a directory or lies in none.
    """
    shown = printable(str(path), LONGEST_SHOWN_PATH)
    if path.is_dir():
        raise SettingsError([f"out must be a file, {shown} is a directory"])
    if not path.parent.is_dir():
        raise SettingsError([f"out must lie in a directory that exists, was {shown}"])


def write_classifier(path: Path, text: str) -> None:
    """Write a fitted classifier, whole or not at all.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier one is left as it was.
    """
    aside = path.with_name(f".{path.name}.new")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def describe_classifier(manifest: Manifest) -> str:
    """Return in two sentences what a classifier was fitted on and how it did."""
    return (
        f"Fitted on {manifest.n_rows:,} rows of {manifest.n_groups:,} groups and "
        f"{manifest.n_dispositions:,} dispositions. On markets left out: right "
        f"{manifest.accuracy:.1%}, calibration error {manifest.calibration_error:.3f}, abstained "
        f"{manifest.abstained:.1%}; on kinds left out: right {manifest.accuracy_on_new_kinds:.1%}."
    )
