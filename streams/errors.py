"""Errors of the streams package: one root, data as attributes, a message of one line."""

from streams.text import printable

_MAX_FILE_CHARACTERS = 300
_MAX_VALUE_CHARACTERS = 80
_MAX_RULE_CHARACTERS = 300


class StreamError(Exception):
    """Anything that this package refuses."""


class DatasetError(StreamError):
    """A dataset that cannot be read or written: which file, row, column, rule and value.

    Parameters
    ----------
    file : str
        The file or directory, as the caller named it.
    rule : str
        What it must be, or what went wrong; continues a sentence ("must be a number").
    row : int or None
        Data row, the first is 1; a CSV header and blank lines are not counted.
    column : str or None
        Column of the contract.
    value : str or None
        The offending value as text, whole; the message shows it shortened and made printable.
    """

    def __init__(
        self,
        file: str,
        rule: str,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        # All five go to args, so that the error survives a process boundary.
        super().__init__(file, rule, row, column, value)
        self.file = file
        self.rule = rule
        self.row = row
        self.column = column
        self.value = value

    def __str__(self) -> str:
        place = [f"row {self.row}"] if self.row is not None else []
        if self.column is not None:
            place.append(f"column {printable(self.column)}")
        parts = [printable(self.file, _MAX_FILE_CHARACTERS), ", ".join(place)]
        rule = printable(self.rule, _MAX_RULE_CHARACTERS)
        if self.value is not None:
            rule += f', was "{printable(self.value, _MAX_VALUE_CHARACTERS)}"'
        return ": ".join([part for part in parts if part] + [rule])
