"""A table of text, for the terminal and for the document, and the cells that tables share."""

from collections.abc import Iterable
from dataclasses import dataclass

from surveillance.findings import PlaceboFinding


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table ready to print; the first column is text, the others are numbers as text."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_markdown(self) -> str:
        """Return the table in Markdown, without its title."""
        rule = ["---", *["---:"] * (len(self.header) - 1)]
        rows = (self.header, rule, *self.rows)
        return "\n".join(
            f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows
        )


def placebo_header(placebos: Iterable[tuple[PlaceboFinding, ...]]) -> tuple[str, ...]:
    """Return one heading a level of the placebo."""
    first = next(iter(placebos), ())
    return tuple(f"v = {count.tolerated:g}" for count in first)


def placebo_cells(placebo: tuple[PlaceboFinding, ...]) -> tuple[str, ...]:
    """Return crossings and bound at each level of the placebo."""
    return tuple(f"{count.crossings} / {count.bound}" for count in placebo)


def percent(n: int, of: int) -> str:
    """Return a share in percent."""
    return f"{n / of:.1%}" if of else "none"
