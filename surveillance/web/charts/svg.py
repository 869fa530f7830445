"""The SVG vocabulary of the charts: groups, lines, texts, glyphs and the drawing around them."""

from collections.abc import Sequence

from markupsafe import Markup

from streams.text import printable_id
from surveillance.web.markup import Attribute, element, short_number

GLYPH_RADIUS = 5.0
_NARROW = 600


def text(x: float, y: float, content: str, **attributes: Attribute) -> Markup:
    """Return a text element whose content is safe to show."""
    return element("text", content, x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def label(value: str, limit: int = 64) -> str:
    """Return an id as it may be drawn: control and bidirectional characters made visible.

    A long one is cut in the middle.
    """
    return printable_id(value, limit=limit)


def drawing(
    name: str, *, title: str, summary: str, width: float, height: float, children: Sequence[str]
) -> Markup:
    """Return a whole chart: an `svg` that says in words what it shows.

    Parameters
    ----------
    name : str
        Class of the chart and start of its element ids; unique on its page.
    title, summary : str
        What the chart is; what one reads from it.
    width, height : float
        Size of the drawing in pixels at its natural scale.
    children : sequence of str
        Drawn in order, later over earlier.

    Returns
    -------
    Markup
        The `svg` element.
    """
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", summary, id=f"{name}-desc"),
        *children,
        class_="chart" if width > _NARROW else "chart chart-narrow",
        viewBox=f"0 0 {short_number(width)} {short_number(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def square(x: float, y: float, radius: float = GLYPH_RADIUS) -> str:
    """Return the path of a square around a point: a leader."""
    side = 2 * radius
    return f"M{short_number(x - radius)} {short_number(y - radius)}h{side:g}v{side:g}h{-side:g}z"


def diamond(x: float, y: float, radius: float = GLYPH_RADIUS) -> str:
    """Return the path of a diamond around a point: an address."""
    r = f"{radius:g}"
    return f"M{short_number(x)} {short_number(y - radius)}l{r} {r}l-{r} {r}l-{r} -{r}z"


def triangle(x: float, y: float, radius: float = GLYPH_RADIUS, *, up: bool = True) -> str:
    """Return the path of a triangle around a point: a device, or a buy (up) or sell (down)."""
    tip = -radius if up else radius
    return f"M{short_number(x)} {short_number(y + tip)}l{radius:g} {-2 * tip:g}h{-2 * radius:g}z"


def circle(x: float, y: float, radius: float = GLYPH_RADIUS) -> str:
    """Return the path of a circle around a point: a follower."""
    r = f"{radius:g}"
    return (
        f"M{short_number(x - radius)} {short_number(y)}"
        f"a{r} {r} 0 1 0 {2 * radius:g} 0a{r} {r} 0 1 0 {-2 * radius:g} 0z"
    )


def cross(x: float, y: float, radius: float = GLYPH_RADIUS) -> str:
    """Return the path of a plus sign around a point: any other shared value."""
    side = 2 * radius
    return (
        f"M{short_number(x - radius)} {short_number(y)}h{side:g}"
        f"M{short_number(x)} {short_number(y - radius)}v{side:g}"
    )
