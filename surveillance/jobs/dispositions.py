"""Dispositions: what people concluded about groups, as labeled rows for the classifier.

A file names groups of the store; their features were stored with them. `substantiated` is
EXTERNAL, `authorized` INTERNAL, `coincidence` INDEPENDENT; `inconclusive` teaches nothing.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.errors import ParameterError
from models.group_row import FEATURE_NAMES, feature_matrix
from streams.errors import DatasetError
from surveillance.errors import NotFoundError
from surveillance.findings import Group, VerdictName
from surveillance.jobs.training_rows import LabeledRow
from surveillance.store import Store

VERDICT_OF: Mapping[str, VerdictName | None] = MappingProxyType(
    {
        "substantiated": VerdictName.EXTERNAL,
        "authorized": VerdictName.INTERNAL,
        "coincidence": VerdictName.INDEPENDENT,
        "inconclusive": None,
    }
)
"""What each disposition says of a group; None says nothing."""
_KIND = "disposition"


def read_dispositions(path: Path, store: Store, *, weight: float) -> list[LabeledRow]:
    """Return one labeled row for every disposition that says something.

    Parameters
    ----------
    path : Path
        `.csv` with the columns `group_id` and `disposition`, anything else as JSON lines with
        these keys. What else a row holds is ignored.
    store : Store
        Holds the groups. A feature that their run did not know yet counts as not measured.
    weight : float
        What each counts beside a simulated group.

    Raises
    ------
    DatasetError
        If the file cannot be read, a row lacks a part, names a group twice or one that the store
        does not hold with features, or a disposition does not exist.
    """
    shown = str(path)
    rows: list[LabeledRow] = []
    seen: set[str] = set()
    for number, row in enumerate(_read(path), start=1):
        group_id, disposition = (_text(row, name, number, shown) for name in _COLUMNS)
        if disposition not in VERDICT_OF:
            rule = f"must be one of {', '.join(VERDICT_OF)}"
            raise DatasetError(shown, rule, number, "disposition", disposition)
        if group_id in seen:
            raise DatasetError(shown, "must name each group once", number, "group_id", group_id)
        seen.add(group_id)
        verdict = VERDICT_OF[disposition]
        if verdict is not None:
            features = _features(_group(store, group_id, number, shown), number, shown)
            rows.append(LabeledRow(features, verdict, f"{_KIND} {group_id}", _KIND, weight))
    return rows


_COLUMNS = ("group_id", "disposition")


def _read(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(str(path), f"could not be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(str(path), "must be UTF-8") from error
    if path.suffix == ".csv":
        yield from csv.DictReader(text.splitlines())
        return
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise DatasetError(str(path), "must be JSON", number, value=line) from error
        if not isinstance(value, dict):
            raise DatasetError(str(path), "must be one JSON object", number, value=line)
        yield value


def _text(row: Mapping[str, Any], name: str, number: int, shown: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        given = None if value is None else str(value)
        raise DatasetError(shown, "must be a text that is not empty", number, name, given)
    return value


def _group(store: Store, group_id: str, number: int, shown: str) -> Group:
    try:
        return store.reader.get_group(group_id)
    except NotFoundError as error:
        raise DatasetError(
            shown, "must name a group that the store holds", number, "group_id", group_id
        ) from error


def _features(group: Group, number: int, shown: str) -> dict[str, float | None]:
    """Return the features that this version knows; those of the classifier's future are left."""
    if group.features is None:
        rule = "must name a group that was stored with features: scan its dataset again"
        raise DatasetError(shown, rule, number, "group_id", group.group_id)
    known = {name: value for name, value in group.features.items() if name in FEATURE_NAMES}
    try:
        feature_matrix([known])
    except ParameterError as error:
        raise DatasetError(shown, str(error), number, "group_id", group.group_id) from error
    return known
