"""The desk's pages of the copiers: the list, and one copier as it stands.

They render and never write: the buttons of the page send their commands to the API.
"""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from surveillance.clock import now_ns
from surveillance.store.copying import CopyStore
from surveillance.store.copying.figures import fidelity_of, latency_of
from surveillance.store.store import Store
from surveillance.web import charts
from surveillance.web.copying import follower_lines, headline, leader_holdings
from surveillance.web.pages import PageRoute
from surveillance.web.rendering import render

COPIERS_PER_PAGE = 100


def create_copier_pages(store: Store, *, can_verify: bool) -> APIRouter:
    """Build the routes of the copiers' pages.

    Parameters
    ----------
    store : Store
        An open store; only read.
    can_verify : bool
        Whether the API verifies plans: else the page names the command that does.

    Returns
    -------
    APIRouter
        `/copiers`, `/copiers/{id}` and, for ids that no path could carry, `/copiers?id=`.
    """
    router = APIRouter(
        route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
    )
    copying = store.copying

    @router.get("/copiers")
    def copiers(request: Request) -> HTMLResponse:
        plan_id = request.query_params.get("id")
        if plan_id is not None:
            return HTMLResponse(_copier_page(copying, plan_id, can_verify=can_verify))
        return HTMLResponse(_list_page(copying, request.query_params.get("cursor")))

    @router.get("/copiers/{plan_id:path}")
    def copier(plan_id: str) -> HTMLResponse:
        return HTMLResponse(_copier_page(copying, plan_id, can_verify=can_verify))

    return router


def _list_page(copying: CopyStore, cursor: str | None) -> str:
    return render(
        "copiers.html",
        here="copiers",
        page=copying.list_copiers(cursor, COPIERS_PER_PAGE),
        is_continued=cursor is not None,
        now_ns=now_ns(),
    )


def _copier_page(copying: CopyStore, plan_id: str, *, can_verify: bool) -> str:
    copier = copying.copier(plan_id)
    return render(
        "copier.html",
        here="copiers",
        copier=copier,
        summary=copier.summary,
        plan=copier.plan,
        view=copier.view,
        headline=headline(copier),
        lines=follower_lines(copier),
        leader_holdings=leader_holdings(copier.view),
        fidelity=fidelity_of(copier),
        latency=charts.latency_lanes(latency_of(copier)),
        can_verify=can_verify,
        now_ns=now_ns(),
    )
