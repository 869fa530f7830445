"""The part of a group's timeline that a page shows: one episode, one day, or the whole time.

Without a wish it is the busiest day: the one with most orders in an episode, the earliest of
several. A day is fitted to the orders in it, so that an hour of trading fills the width.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from surveillance.errors import NotFoundError, SurveillanceError
from surveillance.findings import TimelineOrder
from surveillance.store.reader import Reader
from surveillance.web.formats import utc_date

WHOLE = "all"
"""The value of `day` that asks for the whole time."""
_DAY_NS = 86_400_000_000_000
_LEAST_MARGIN_NS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class QueryError(SurveillanceError):
    """A part of a page's address that has no meaning.

    Parameters
    ----------
    name : str
        The query parameter.
    rule : str
        What it must be.
    """

    def __init__(self, name: str, rule: str) -> None:
        self.name = name
        super().__init__(f"{name} must be {rule}")


@dataclass(frozen=True, slots=True)
class Window:
    """What is shown, in words, and where one can go from there.

    `span_ns` is the closed interval, None for all orders; `day` the day shown, else empty;
    `episode` the episode shown; `previous` and `following` the episodes beside it. `days` are all
    days with orders.
    """

    name: str
    span_ns: tuple[int, int] | None
    days: tuple[str, ...]
    day: str = ""
    episode: int | None = None
    previous: int | None = None
    following: int | None = None


def choose_window(
    reader: Reader,
    group_id: str,
    orders: Sequence[TimelineOrder],
    asked: Mapping[str, str],
    n_episodes: int,
) -> Window:
    """Return the window that an address asks for.

    Parameters
    ----------
    reader : Reader
        Finds the episode.
    group_id : str
        The group.
    orders : sequence of TimelineOrder
        Its timeline.
    asked : mapping of str to str
        The address's `episode` and `day`.
    n_episodes : int
        Stored episodes of the group.

    Raises
    ------
    QueryError
        If a part has no meaning.
    NotFoundError
        If there is no such episode.
    """
    per_day: Counter[int] = Counter()
    for order in orders:
        per_day[order.event_time_ns // _DAY_NS] += order.copied
    days = tuple(utc_date(day * _DAY_NS) for day in sorted(per_day))
    number = whole_number(asked, "episode")
    if number is not None:
        return Window(
            name=f"episode {number}",
            span_ns=_episode_span(reader, group_id, number),
            days=days,
            episode=number,
            previous=number - 1 if number > 1 else None,
            following=number + 1 if number < n_episodes else None,
        )
    wish = asked.get("day")
    if wish == WHOLE or not (wish or per_day):
        return Window("the whole time", None, days)
    if wish:
        day = _day_number(wish)
        name = wish
    else:
        day = min(per_day, key=lambda one: (-per_day[one], one))
        name = utc_date(day * _DAY_NS)
    times = [o.event_time_ns for o in orders if o.event_time_ns // _DAY_NS == day]
    first_ns = day * _DAY_NS
    span_ns = (min(times), max(times)) if times else (first_ns, first_ns + _DAY_NS - 1)
    if not wish and len(days) > 1:
        return Window(f"{name}, the busiest of {len(days)} days", span_ns, days, day=name)
    return Window(name, span_ns, days, day=name)


def whole_number(asked: Mapping[str, str], name: str) -> int | None:
    """Return a whole number of an address, None where it is not given.

    Raises
    ------
    QueryError
        If it is something else.
    """
    text = asked.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise QueryError(name, "a whole number")
    return int(text)


def _day_number(text: str) -> int:
    try:
        start = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise QueryError("day", "a date like 2026-11-21, or all") from None
    return (start - _EPOCH) // timedelta(days=1)


def _episode_span(reader: Reader, group_id: str, number: int) -> tuple[int, int]:
    found = reader.list_episodes(group_id, number - 1, 1).episodes if number else ()
    if not found or found[0].number != number:
        raise NotFoundError("episode", str(number))
    times = [order.event_time_ns for order in found[0].orders]
    margin = max(_LEAST_MARGIN_NS, (max(times) - min(times)) // 2)  # the lags fill the middle
    return min(times) - margin, max(times) + margin
