"""What the copier refuses."""

from streams.errors import StreamError
from streams.text import printable

_MAX_FILE_CHARACTERS = 300


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
