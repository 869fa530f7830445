"""The only place that makes markup: elements from code with every text and attribute escaped.

Whatever comes from data is text here and leaves escaped. The style sheets are our own packaged
files; nothing else is taken as it is.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files

from markupsafe import Markup, escape

Attribute = str | float | int

_FONT_URL = re.compile(r'url\("/static/(fonts/[a-z0-9-]+\.woff2)"\)')


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """Return one element; children that are not `Markup` are escaped.

    Parameters
    ----------
    name : str
        Element name, from code, never from data.
    *children : str
        Text or `Markup`, in order.
    **attributes : str, float or int
        `class_` becomes `class`, underscores become hyphens (`text_anchor`); numbers are cut to
        two decimals.

    Returns
    -------
    Markup
        The element's source.
    """
    tags = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_attribute(value))}"'
        for key, value in attributes.items()
    )
    if not children:
        return Markup(f"<{name}{tags}/>")  # noqa: S704 - built from escaped parts
    inner = "".join(str(escape(child)) for child in children)
    return Markup(f"<{name}{tags}>{inner}</{name}>")  # noqa: S704 - built from escaped parts


def inline_stylesheet(names: Sequence[str]) -> tuple[Markup, str]:
    """Return packaged style sheets as one inline style that needs no other file.

    Parameters
    ----------
    names : sequence of str
        File names under `static`, in order.

    Returns
    -------
    Markup
        The sheets' text, fonts embedded, to stand alone inside a `style` element.
    str
        Its hash, as a content security policy names it: `sha256-...`.
    """
    static = files("surveillance.web") / "static"
    sheet = "".join((static / name).read_text(encoding="utf-8") for name in names)

    def embed(found: re.Match[str]) -> str:
        data = base64.b64encode((static / found[1]).read_bytes()).decode("ascii")
        return f'url("data:font/woff2;base64,{data}")'

    sheet = _FONT_URL.sub(embed, sheet)
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode("ascii")
    return Markup(sheet), f"sha256-{digest}"  # noqa: S704 - our own packaged files


def short_number(value: float) -> str:
    """Return a number with at most two decimals, as attributes have it."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def _attribute(value: Attribute) -> str:
    return value if isinstance(value, str) else short_number(value)
