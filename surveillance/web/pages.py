"""The desk's pages: list of groups, group, account, method.

Reads the store and renders; it never detects and never writes. All state of a page is in its
address: filters, sort, paging and the part of the timeline shown.
"""

from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from surveillance.chance import placebo_state, run_chance_words
from surveillance.errors import CursorError, NotFoundError
from surveillance.findings import Group, RecommendedAction, Subtype, VerdictName
from surveillance.store.reader import Reader
from surveillance.store.records import GroupFilter, GroupSort
from surveillance.store.store import Store
from surveillance.web import charts
from surveillance.web.rendering import render
from surveillance.web.sidebyside import price_decimals, side_by_side
from surveillance.web.weighing import needed_log10_e, ordered_members, sentence, weigh
from surveillance.web.window import QueryError, choose_window, whole_number

GROUPS_PER_PAGE = 100
EPISODES_PER_PAGE = 20
STATES = ("confirmed", "provisional")
_FILTERS = ("dataset", "verdict", "subtype", "action", "state", "instrument", "text", "sort")
_Choice = TypeVar("_Choice", bound=StrEnum)


class PageRoute(APIRoute):
    """Answers a wrong address with a page that says what is wrong."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the route."""
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except NotFoundError as error:
                return problem_page(404, f"No such {error.kind}", str(error), is_gone=True)
            except (CursorError, QueryError) as error:
                return problem_page(400, "This address cannot be read", str(error))

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
        return HTMLResponse(_method_page(reader))

    return router


def _groups_page(reader: Reader, asked: dict[str, str]) -> str:
    query = {name: asked[name] for name in _FILTERS if asked.get(name)}
    wanted = GroupFilter(
        dataset=query.get("dataset"),
        verdict=_choice(VerdictName, query, "verdict"),
        subtype=_choice(Subtype, query, "subtype"),
        action=_choice(RecommendedAction, query, "action"),
        state=_state(query),
        instrument_id=query.get("instrument"),
        text=query.get("text"),
    )
    sort = _choice(GroupSort, query, "sort") or GroupSort.PRIORITY
    datasets = reader.list_datasets()
    dataset = query.get("dataset")
    if dataset is not None and datasets and dataset not in datasets:
        raise QueryError("dataset", "one that the store holds")
    run = reader.latest_run(dataset)
    placebo = reader.list_placebo(run.run_id) if run else ()
    facets = reader.facets(wanted)
    return render(
        "groups.html",
        here="groups",
        run=run,
        placebo=placebo_state(run, placebo) if run else None,
        n_above=sum(not finding.within_bound for finding in placebo),
        n_bounds=len(placebo),
        chance=run_chance_words(run) if run else "",
        datasets=datasets,
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
    after = whole_number(asked, "after")
    page = reader.list_episodes(group_id, after, EPISODES_PER_PAGE)
    orders = reader.list_timeline(group_id).orders
    window = choose_window(reader, group_id, orders, asked, page.total)
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
        chance=run_chance_words(run),
        timeline=charts.order_timeline(orders, group.members, window_ns=window.span_ns),
        window=window,
        lags=charts.lag_histogram(histogram),
        graph=charts.account_graph(reader.get_graph(group_id)),
        episodes=[side_by_side(episode) for episode in page.episodes],
        page=page,
        after=after,
        decimals=price_decimals(page.episodes),
        n_owners=_owners(group),
    )


def _account_page(reader: Reader, account_id: str) -> str:
    detail = reader.get_account(account_id)
    return render("account.html", here="account", account=detail.account, groups=detail.groups)


def _method_page(reader: Reader) -> str:
    run = reader.latest_run()
    placebo = reader.list_placebo(run.run_id) if run else ()
    return render(
        "method.html",
        here="method",
        run=run,
        chance=run_chance_words(run) if run else "",
        placebo=charts.placebo_panel(placebo, run) if run else None,
    )


def problem_page(status: int, title: str, text: str, *, is_gone: bool = False) -> HTMLResponse:
    """Return a page that says what is wrong.

    Parameters
    ----------
    status : int
        HTTP status.
    title, text : str
        What is wrong, short and in a sentence.
    is_gone : bool
        Whether it may have been there before: a run replaces its dataset's groups.
    """
    page = render("problem.html", here="", title=title, text=text, is_gone=is_gone)
    return HTMLResponse(page, status)


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


def _owners(group: Group) -> int:
    return len({member.owner_id for member in group.members if member.owner_id is not None})
