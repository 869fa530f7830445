"""A chart together with its words and its numbers."""

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A mark of the chart and what it stands for; `mark` names a glyph of the templates."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """What a page needs to show one chart.

    Parameters
    ----------
    name : str
        Element id of the figure on its page.
    title : str
        What the chart shows.
    summary : str
        What one reads from it, for those who cannot see it.
    svg : Markup
        The drawing.
    columns : tuple of str
        Heads of the table that carries the same data; a trailing `#` marks numbers.
    rows : tuple of tuple of str
        Its cells, as text.
    legend : tuple of LegendEntry
        The marks used.
    n_left_out : int
        Rows that did not fit the table.
    """

    name: str
    title: str
    summary: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[LegendEntry, ...] = ()
    n_left_out: int = 0
