"""What the copier refuses."""

from streams.errors import StreamError
from streams.text import printable

_MAX_FILE_CHARACTERS = 300


class CopierStateError(StreamError):
    """A saved state that this version cannot go on from.

    Parameters
    ----------
    found : object
        The version in the state, None where it names none.
    expected : int
        The version that this copier writes and reads.
    """

    def __init__(self, found: object, expected: int) -> None:
        super().__init__(found, expected)
        self.found = found
        self.expected = expected

    def __str__(self) -> str:
        was = "none" if self.found is None else printable(str(self.found))
        return f"the version of a copier's state must be {self.expected}, was {was}"


class PlanError(StreamError):
    """A plan that cannot be used: which file, key, rule and value.

    Parameters
    ----------
    file : str
        The plan, as the caller named it.
    key : str
        Where in the plan, as in ``followers.0.size.ratio``; empty for the whole file.
    rule : str
        What it must be; continues a sentence ("must be an integer").
    value : str or None
        The offending value as text.
    """

    def __init__(self, file: str, key: str, rule: str, value: str | None = None) -> None:
        super().__init__(file, key, rule, value)
        self.file = file
        self.key = key
        self.rule = rule
        self.value = value

    def __str__(self) -> str:
        parts = [printable(self.file, _MAX_FILE_CHARACTERS), printable(self.key)]
        was = "" if self.value is None else f', was "{printable(self.value)}"'
        return ": ".join([part for part in parts if part] + [self.rule + was])
