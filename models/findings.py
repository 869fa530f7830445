"""A finding: one reason of a verdict, to be read by a person and counted by a machine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason: code, sentence, numbers. Every number stands in the sentence."""

    code: str
    text: str
    numbers: dict[str, float | int | str]
