"""The answer key of a simulated dataset, as records: what is right, read apart from the events.

Its form is the data contract's (section 4). Only the evaluation reads it, after the detector ran.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from streams.errors import DatasetError
from surveillance.findings import Subtype, VerdictName


@dataclass(frozen=True, slots=True)
class PlantedGroup:
    """One planted group; `leader` is None where the source is not on the venue.

    With `inverse` its followers act on the other side of the source's.
    """

    group_id: str
    kind: str
    verdict: VerdictName
    subtype: Subtype
    leader: str | None
    members: frozenset[str]
    ratios: Mapping[str, float]
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """Planted groups by id, and the kind of every honest account."""

    groups: tuple[PlantedGroup, ...]
    honest_kind: Mapping[str, str]

    @classmethod
    def from_json(cls, value: Mapping[str, Any], *, shown: str = "answer key") -> Self:
        """Read the contract's form.

        Parameters
        ----------
        value : mapping
            `groups` and `honest_kind`.
        shown : str
            What a refusal calls it.

        Raises
        ------
        DatasetError
            If a part is missing or has another form.
        """
        try:
            groups = [
                PlantedGroup(
                    group_id=str(group["group_id"]),
                    kind=str(group["kind"]),
                    verdict=VerdictName(group["verdict"]),
                    subtype=Subtype(group["subtype"]),
                    leader=group["leader_account_id"],
                    members=frozenset(group["members"]),
                    ratios={a: float(r) for a, r in group["allocation_ratio"].items()},
                    inverse=bool(group.get("inverse", False)),
                )
                for group in value["groups"]
            ]
            honest = {str(account): str(kind) for account, kind in value["honest_kind"].items()}
        except KeyError as error:
            raise DatasetError(shown, f"must hold {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise DatasetError(shown, f"must have the form of an answer key: {error}") from error
        return cls(tuple(sorted(groups, key=lambda group: group.group_id)), honest)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read an answer key from a JSON file.

        Raises
        ------
        DatasetError
            If it cannot be read or has another form.
        """
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            reason = error.strerror or str(error)
            raise DatasetError(str(path), f"could not be read: {reason}") from error
        except ValueError as error:
            raise DatasetError(str(path), f"must be JSON: {error}") from error
        return cls.from_json(value, shown=str(path))
