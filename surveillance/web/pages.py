"""The desk's pages: list of groups, group, account, method.

Reads the store and renders; it never detects and never writes. All state of a page is in its
address: filters, sort, paging and the part of the timeline shown.
"""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from surveillance.errors import CursorError, NotFoundError, SurveillanceError
from surveillance.findings import (
    Episode,
    Group,
    RecommendedAction,
    Subtype,
    TimelineOrder,
    VerdictName,
)
from surveillance.store.reader import Reader
from surveillance.store.records import GroupFilter, GroupSort
from surveillance.store.store import Store
from surveillance.web import charts
from surveillance.web.formats import utc_date
from surveillance.web.rendering import render
from surveillance.web.sidebyside import side_by_side
from surveillance.web.weighing import needed_log10_e, ordered_members, sentence, weigh

GROUPS_PER_PAGE = 100
EPISODES_PER_PAGE = 50
STATES = ("confirmed", "provisional")
_FILTERS = ("verdict", "subtype", "action", "state", "instrument", "text", "sort")
_ZOOM_MARGIN_NS = 2_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Choice = TypeVar("_Choice", bound=StrEnum)


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


class PageRoute(APIRoute):
    """Answers a wrong address with a page that says what is wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the route."""
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except NotFoundError as error:
                return _problem_page(404, f"No such {error.kind}", str(error))
            except (CursorError, QueryError) as error:
                return _problem_page(400, "This address cannot be read", str(error))

        return handle_or_explain


def create_pages(store: Store) -> APIRouter:
    """Build the routes of the desk.

    Parameters
    ----------
    store : Store
        An open store; only its reader is used.

    Returns
    -------
    APIRouter
        `/`, `/groups/{id}`, `/accounts/{id}`, `/help/method`; static files are mounted elsewhere.
    """
    router = APIRouter(
        route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
    )
    reader = store.reader

    @router.get("/")
    def groups(request: Request) -> HTMLResponse:
        return HTMLResponse(_groups_page(reader, dict(request.query_params)))

    @router.get("/groups/{group_id:path}")
    def group(group_id: str, request: Request) -> HTMLResponse:
        return HTMLResponse(_group_page(reader, group_id, dict(request.query_params)))

    @router.get("/accounts")
    def account_by_query(request: Request) -> HTMLResponse:
        return HTMLResponse(_account_page(reader, request.query_params.get("id", "")))

    @router.get("/accounts/{account_id:path}")
    def account(account_id: str) -> HTMLResponse:
        return HTMLResponse(_account_page(reader, account_id))

    @router.get("/help/method")
    def method() -> HTMLResponse:
        run = reader.latest_run()
        placebo = reader.list_placebo(run.run_id) if run else ()
        figure = charts.placebo_panel(placebo) if run else None
        return HTMLResponse(render("method.html", here="method", run=run, placebo=figure))

    return router


def _groups_page(reader: Reader, asked: dict[str, str]) -> str:
    query = {name: asked[name] for name in _FILTERS if asked.get(name)}
    wanted = GroupFilter(
        verdict=_choice(VerdictName, query, "verdict"),
        subtype=_choice(Subtype, query, "subtype"),
        action=_choice(RecommendedAction, query, "action"),
        state=_state(query),
        instrument_id=query.get("instrument"),
        text=query.get("text"),
    )
    sort = _choice(GroupSort, query, "sort") or GroupSort.PRIORITY
    run = reader.latest_run()
    placebo = reader.list_placebo(run.run_id) if run else ()
    facets = reader.facets(wanted)
    return render(
        "groups.html",
        here="groups",
        run=run,
        placebo=placebo,
        facets=facets,
        page=reader.list_groups(wanted, sort, asked.get("cursor"), GROUPS_PER_PAGE),
        n_groups=sum(reader.facets().verdict.values()),
        query=query,
        sort=sort,
        sorts=tuple(GroupSort),
        states=STATES,
        is_filtered=bool(set(query) - {"sort"}),
        is_continued=bool(asked.get("cursor")),
    )


def _group_page(reader: Reader, group_id: str, asked: dict[str, str]) -> str:
    group = reader.get_group(group_id)
    histogram = reader.get_lag_histogram(group_id)
    after = _whole_number(asked, "after")
    page = reader.list_episodes(group_id, after, EPISODES_PER_PAGE)
    orders = reader.list_timeline(group_id).orders
    window, zoom = _window(reader, group_id, asked)
    members = ordered_members(group)
    run = reader.get_run(group.run.run_id)
    placebo = reader.list_placebo(group.run.run_id)
    return render(
        "group.html",
        here="groups",
        group=group,
        run=run,
        members=members,
        sentence=sentence(group),
        needed_log10_e=needed_log10_e(group, run.threshold_log10_e),
        weighing=weigh(group, histogram, placebo, threshold_log10_e=run.threshold_log10_e),
        timeline=charts.order_timeline(orders, group.members, window_ns=window),
        days=_days(orders),
        day=asked.get("day", ""),
        zoom=zoom,
        lags=charts.lag_histogram(histogram),
        graph=charts.account_graph(reader.get_graph(group_id)),
        episodes=[side_by_side(episode) for episode in page.episodes],
        page=page,
        after=after,
        is_priced=_is_priced(page.episodes),
        n_owners=_owners(group),
    )


def _account_page(reader: Reader, account_id: str) -> str:
    detail = reader.get_account(account_id)
    return render("account.html", here="account", account=detail.account, groups=detail.groups)


def _problem_page(status: int, title: str, text: str) -> HTMLResponse:
    return HTMLResponse(render("problem.html", here="", title=title, text=text), status)


def _choice(kind: type[_Choice], query: dict[str, str], name: str) -> _Choice | None:
    value = query.get(name)
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        raise QueryError(name, f"one of {', '.join(kind)}") from None


def _state(query: dict[str, str]) -> str | None:
    if query.get("state") not in {None, *STATES}:
        raise QueryError("state", f"one of {', '.join(STATES)}")
    return query.get("state")


def _whole_number(asked: dict[str, str], name: str) -> int | None:
    text = asked.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise QueryError(name, "a whole number")
    return int(text)


def _window(
    reader: Reader, group_id: str, asked: dict[str, str]
) -> tuple[tuple[int, int] | None, str]:
    """Return the part of the timeline asked for and its name: one episode, one day, or all."""
    number = _whole_number(asked, "episode")
    if number is not None:
        found = reader.list_episodes(group_id, number - 1, 1).episodes
        if not found or found[0].number != number:
            raise NotFoundError("episode", str(number))
        times = [order.event_time_ns for order in found[0].orders]
        margin = max(_ZOOM_MARGIN_NS, (max(times) - min(times)) // 2)
        return (min(times) - margin, max(times) + margin), f"episode {number}"
    day = asked.get("day")
    if not day:
        return None, ""
    try:
        start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise QueryError("day", "a date like 2026-11-21") from None
    first_ns = (start - _EPOCH) // timedelta(seconds=1) * 1_000_000_000
    return (first_ns, first_ns + 86_400_000_000_000 - 1), day


def _days(orders: tuple[TimelineOrder, ...]) -> list[str]:
    days = {order.event_time_ns // 86_400_000_000_000 for order in orders}
    return [utc_date(day * 86_400_000_000_000) for day in sorted(days)]


def _is_priced(episodes: tuple[Episode, ...]) -> bool:
    return any(order.price is not None for episode in episodes for order in episode.orders)


def _owners(group: Group) -> int:
    return len({member.owner_id for member in group.members if member.owner_id is not None})
