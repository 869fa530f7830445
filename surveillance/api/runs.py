"""`/v1/runs`: what was run on what, and how often chance crossed the threshold."""

from http import HTTPStatus

from fastapi import APIRouter

from surveillance.api.parameters import Cursor, Limit
from surveillance.api.problems import document_problems
from surveillance.store import Store
from surveillance.store.records import RunDetail, RunPage


def create_runs(store: Store) -> APIRouter:
    """Build the routes of the runs.

    Parameters
    ----------
    store : Store
        An open store; only its reader is used.

    Returns
    -------
    APIRouter
        Routes under `/v1/runs`.
    """
    router = APIRouter(prefix="/v1/runs", tags=["runs"])
    reader = store.reader

    @router.get(
        "",
        responses=document_problems(HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    def list_runs(cursor: Cursor = None, limit: Limit = 100) -> RunPage:
        """List runs, the newest first, page by page."""
        return reader.list_runs(cursor, limit)

    @router.get(
        "/{run_id:id}",
        responses=document_problems(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    def get_run(run_id: str) -> RunDetail:
        """Return one run's manifest and placebo counts."""
        return RunDetail(reader.get_run(run_id), reader.list_placebo(run_id))

    return router
