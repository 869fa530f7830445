"""Templates to text: the one place that knows Jinja.

Every template escapes, an unknown name is an error, and ids pass through `printable`.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from streams.text import printable, printable_id
from surveillance import __version__
from surveillance.web import formats

_PLAIN_ID = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.@:+-]{1,200}")


def render(template: str, **context: Any) -> str:
    """Return a template's text.

    Parameters
    ----------
    template : str
        File name under `templates`.
    **context : Any
        What the template names; a name it does not get is an error.

    Returns
    -------
    str
        The document.
    """
    return _environment().get_template(template).render(**context)


def account_path(account_id: str) -> str:
    """Return the address of an account's page.

    An id that a URL path could not carry (slashes, dots alone, control characters) goes into the
    query.
    """
    if _PLAIN_ID.fullmatch(account_id):
        return f"/accounts/{quote(account_id, safe='')}"
    return f"/accounts?{urlencode({'id': account_id})}"


def group_path(group_id: str, **query: object) -> str:
    """Return the address of a group's page, with the query parameters that are not None."""
    asked = {key: value for key, value in query.items() if value is not None}
    return f"/groups/{quote(group_id, safe='')}{'?' + urlencode(asked) if asked else ''}"


def list_path(query: Mapping[str, object], **changes: object) -> str:
    """Return the address of the list of groups, some parameters changed or, by None, dropped."""
    asked = {key: value for key, value in {**query, **changes}.items() if value not in (None, "")}
    return f"/?{urlencode(asked)}" if asked else "/"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("surveillance.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "account_path": account_path,
        "bits": formats.bits,
        "clock": formats.utc_clock,
        "count": formats.count,
        "date": formats.utc_date,
        "evidence": formats.evidence,
        "group_path": group_path,
        "lag": formats.lag,
        "minute": formats.utc_minute,
        "plural": formats.plural,
        "percent": formats.percent,
        "printable": printable,
        "price": formats.price,
        "quantity": formats.quantity,
        "ratio": formats.ratio,
        "short_id": printable_id,
        "small": formats.small,
        "utc": formats.utc_time,
        "words": formats.words,
    }
    environment.globals |= {
        "MISSING": formats.MISSING,
        "list_path": list_path,
        "quantity_of": formats.quantity_of,
        "version": __version__,
    }
    return environment
