"""`/v1/streams`: live streams, whether their events reconcile, and what was refused."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from streams.messages import DeadReason
from surveillance.api.parameters import After, Cursor, Limit, LongText
from surveillance.api.problems import document_problems
from surveillance.store import Store
from surveillance.store.live.answers import DeadLetterPage, ReconciliationPage, StreamPage

_BAD_QUERY = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


def create_streams(store: Store) -> APIRouter:
    """Build the routes of the live streams.

    Parameters
    ----------
    store : Store
        An open store; only its reader of streams is used.

    Returns
    -------
    APIRouter
        Routes under `/v1/streams`.
    """
    router = APIRouter(prefix="/v1/streams", tags=["streams"])
    reader = store.streams

    @router.get("", responses=document_problems(*_BAD_QUERY))
    def list_streams(cursor: Cursor = None, limit: Limit = 100) -> StreamPage:
        """List live streams by name: positions, watermark, lag and counts."""
        return reader.list_streams(cursor, limit)

    @router.get(
        "/{stream:id}/reconciliation",
        responses=document_problems(HTTPStatus.NOT_FOUND, *_BAD_QUERY),
    )
    def list_reconciliation(
        stream: str, cursor: Cursor = None, limit: Limit = 100
    ) -> ReconciliationPage:
        """List what became of the events by topic and day, page by page."""
        return reader.list_reconciliation(stream, cursor, limit)

    @router.get(
        "/{stream:id}/dead-letters",
        responses=document_problems(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    def list_dead_letters(
        stream: str,
        after: After = None,
        limit: Limit = 100,
        reason: Annotated[DeadReason | None, Query()] = None,
        topic: Annotated[LongText | None, Query(description="Exactly")] = None,
    ) -> DeadLetterPage:
        """List refused events without their bytes, page by page."""
        return reader.list_dead_letters(stream, after, limit, reason=reason, topic=topic)

    return router
