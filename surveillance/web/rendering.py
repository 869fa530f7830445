"""Templates to text: the one place that knows Jinja.

Every template escapes, an unknown name is an error, and ids pass through `printable`.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from streams.text import printable, printable_id
from surveillance import __version__
from surveillance.web import formats

_LONGEST_PLAN = 20_000
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
    return _path_of("/accounts", account_id)


def copier_path(plan_id: str) -> str:
    """Return the address of a copier's page, as of `account_path`."""
    return _path_of("/copiers", plan_id)


def as_json(value: object) -> str:
    """Return a value as JSON in ASCII, which survives any attribute."""
    return json.dumps(value)


def group_path(group_id: str, **query: object) -> str:
    """Return the address of a group's page, with the query parameters that are not None."""
    asked = {key: value for key, value in query.items() if value is not None}
    return f"/groups/{quote(group_id, safe='')}{'?' + urlencode(asked) if asked else ''}"


def list_path(query: Mapping[str, object], **changes: object) -> str:
    """Return the address of the list of groups, some parameters changed or, by None, dropped."""
    asked = {key: value for key, value in {**query, **changes}.items() if value not in (None, "")}
    return f"/?{urlencode(asked)}" if asked else "/"


def plan_text(plan: object) -> str:
    """Return a plan as indented JSON in ASCII, long ones cut."""
    text = json.dumps(plan, indent=1)
    return text if len(text) <= _LONGEST_PLAN else text[:_LONGEST_PLAN] + "\n..."


def _path_of(place: str, identifier: str) -> str:
    if _PLAIN_ID.fullmatch(identifier):
        return f"{place}/{quote(identifier, safe='')}"
    return f"{place}?{urlencode({'id': identifier})}"


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
        "as_json": as_json,
        "bits": formats.bits,
        "clock": formats.utc_clock,
        "copier_path": copier_path,
        "count": formats.count,
        "date": formats.utc_date,
        "evidence": formats.evidence,
        "group_path": group_path,
        "lag": formats.lag,
        "minute": formats.utc_minute,
        "money": formats.money,
        "plan_text": plan_text,
        "plural": formats.plural,
        "percent": formats.percent,
        "printable": printable,
        "price": formats.price,
        "quantity": formats.quantity,
        "ratio": formats.ratio,
        "short_id": printable_id,
        "small": formats.small,
        "span": formats.span,
        "url_part": lambda text: quote(text, safe=""),
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
