"""`/v1/groups`: the list of groups, one verdict object and the evidence behind it."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from surveillance.api.parameters import After, Cursor, Limit, LongText, SearchText
from surveillance.api.problems import document_problems
from surveillance.findings import (
    Graph,
    Group,
    LagHistogram,
    RecommendedAction,
    Subtype,
    VerdictName,
)
from surveillance.store import Store
from surveillance.store.records import (
    EpisodePage,
    GroupFilter,
    GroupPage,
    GroupSort,
    TimelinePage,
)

MOST_MEMBERS = 2**31 - 1
MOST_ORDERS = 50_000

_UNKNOWN_GROUP = document_problems(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
_BAD_QUERY = document_problems(HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


def create_groups(store: Store) -> APIRouter:
    """Build the routes of the groups.

    Parameters
    ----------
    store : Store
        An open store; only its reader is used.

    Returns
    -------
    APIRouter
        Routes under `/v1/groups`.
    """
    router = APIRouter(prefix="/v1/groups", tags=["groups"])
    reader = store.reader

    @router.get("", responses=_BAD_QUERY)
    def list_groups(
        group_filter: Annotated[GroupFilter, Depends(_filter)],
        sort: Annotated[GroupSort, Query(description="Largest first, or the queue's order")] = (
            GroupSort.PRIORITY
        ),
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> GroupPage:
        """List groups by filter, page by page."""
        return reader.list_groups(group_filter, sort, cursor, limit)

    # Before the group itself: its id may hold slashes and would swallow these endings.
    @router.get(
        "/{group_id:id}/episodes",
        responses=_UNKNOWN_GROUP,
    )
    def list_episodes(group_id: str, after: After = None, limit: Limit = 100) -> EpisodePage:
        """List a group's episodes: matched orders side by side, page by page."""
        return reader.list_episodes(group_id, after, limit)

    @router.get(
        "/{group_id:id}/graph",
        responses=_UNKNOWN_GROUP,
    )
    def get_graph(group_id: str) -> Graph:
        """Return a group's accounts, who copies whom and what they share."""
        return reader.get_graph(group_id)

    @router.get(
        "/{group_id:id}/lag-histogram",
        responses=_UNKNOWN_GROUP,
    )
    def get_lag_histogram(group_id: str) -> LagHistogram:
        """Return the lags of a group's followers against what chance would give."""
        return reader.get_lag_histogram(group_id)

    @router.get(
        "/{group_id:id}/timeline",
        responses=_UNKNOWN_GROUP,
    )
    def list_timeline(
        group_id: str,
        after: After = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ORDERS)] = 5_000,
    ) -> TimelinePage:
        """List the decisions of a group's members by time, page by page."""
        return reader.list_timeline(group_id, after, limit)

    @router.get(
        "/{group_id:id}",
        responses=_UNKNOWN_GROUP,
    )
    def get_group(group_id: str) -> Group:
        """Return the verdict object of one group."""
        return reader.get_group(group_id)

    return router


def _filter(
    dataset: Annotated[LongText | None, Query(description="Exactly")] = None,
    verdict: Annotated[VerdictName | None, Query()] = None,
    subtype: Annotated[Subtype | None, Query()] = None,
    state: Annotated[Literal["provisional", "confirmed"] | None, Query()] = None,
    action: Annotated[RecommendedAction | None, Query()] = None,
    account_id: Annotated[LongText | None, Query(description="A member, exactly")] = None,
    instrument_id: Annotated[LongText | None, Query(description="Exactly")] = None,
    firm_id: Annotated[LongText | None, Query(description="A member's firm, exactly")] = None,
    min_members: Annotated[int | None, Query(ge=1, le=MOST_MEMBERS)] = None,
    text: SearchText = None,
) -> GroupFilter:
    return GroupFilter(
        dataset=dataset,
        verdict=verdict,
        subtype=subtype,
        state=state,
        action=action,
        account_id=account_id,
        instrument_id=instrument_id,
        firm_id=firm_id,
        min_members=min_members,
        text=text,
    )
