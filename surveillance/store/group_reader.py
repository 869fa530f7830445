"""Reads groups and their evidence: the list with its filters, sorts and facets, then one group."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, func, select

from surveillance.errors import NotFoundError
from surveillance.findings import (
    Graph,
    Group,
    LagHistogram,
    RecommendedAction,
    Subtype,
    VerdictName,
)
from surveillance.store.cursors import after, ordering, read_cursor, write_cursor
from surveillance.store.database import translated_errors
from surveillance.store.documents import (
    EPISODE,
    GRAPH,
    GROUP,
    GROUP_SUMMARY,
    LAG_HISTOGRAM,
    TIMELINE,
    Document,
)
from surveillance.store.filters import SORT_KEYS, conditions, key_kinds
from surveillance.store.records import (
    EpisodePage,
    GroupFacets,
    GroupFilter,
    GroupPage,
    GroupSort,
    TimelinePage,
)
from surveillance.store.tables import GROUP_EPISODES, GROUP_EVIDENCE, GROUPS

ALL_GROUPS = GroupFilter()

Record = TypeVar("Record")
Value = TypeVar("Value", bound=StrEnum)


class GroupReader:
    """Answers questions about groups; threads may share it.

    Parameters
    ----------
    engine : Engine
        The store's engine.
    url : str
        The store's URL for messages, without its password.
    """

    def __init__(self, engine: Engine, url: str) -> None:
        self._engine = engine
        self._url = url

    def list_groups(
        self,
        group_filter: GroupFilter = ALL_GROUPS,
        sort: GroupSort = GroupSort.PRIORITY,
        cursor: str | None = None,
        limit: int = 100,
    ) -> GroupPage:
        """Return one page of groups; the group id breaks ties of the sort.

        Parameters
        ----------
        group_filter : GroupFilter
            Which groups are meant.
        sort : GroupSort
            `priority` is EXTERNAL, UNDETERMINED, INTERNAL undeclared, INTERNAL, INDEPENDENT, each
            by evidence; every other sort puts the largest value first.
        cursor : str or None
            The `next_cursor` of the page before, None for the first page.
        limit : int
            Most rows of the page, at least 1.

        Returns
        -------
        GroupPage
            `total` counts all groups that the filter means.

        Raises
        ------
        CursorError
            If the cursor is not one of this sort.
        """
        wanted = list(conditions(group_filter).values())
        sort_key = SORT_KEYS[sort]
        listing = f"groups:{sort.value}"
        query = select(GROUPS.c.summary, *(column for column, _ in sort_key)).where(*wanted)
        if cursor is not None:
            query = query.where(after(sort_key, read_cursor(listing, cursor, key_kinds(sort))))
        query = query.order_by(*ordering(sort_key)).limit(limit + 1)
        with self._reading() as connection:
            rows = connection.execute(query).all()
            total = connection.scalar(select(func.count()).select_from(GROUPS).where(*wanted))
            groups = tuple(GROUP_SUMMARY.read(row.summary) for row in rows[:limit])
        more = len(rows) > limit
        next_cursor = write_cursor(listing, rows[limit - 1][1:]) if more else None
        return GroupPage(groups, next_cursor, total or 0)

    def facets(self, group_filter: GroupFilter = ALL_GROUPS) -> GroupFacets:
        """Count the groups by verdict, subtype and action.

        Parameters
        ----------
        group_filter : GroupFilter
            Which groups are meant; a facet ignores the filter on its own field, so that it shows
            what choosing another value would list.

        Returns
        -------
        GroupFacets
            Every value of the three enums, also those that count 0.
        """
        wanted = conditions(group_filter)
        with self._reading() as connection:
            return GroupFacets(
                verdict=_count_by(connection, GROUPS.c.verdict, VerdictName, wanted, "verdict"),
                subtype=_count_by(connection, GROUPS.c.subtype, Subtype, wanted, "subtype"),
                action=_count_by(
                    connection, GROUPS.c.recommended_action, RecommendedAction, wanted, "action"
                ),
            )

    def get_group(self, group_id: str) -> Group:
        """Return one verdict object.

        Parameters
        ----------
        group_id : str
            Exact id.

        Returns
        -------
        Group
            Its newest verdict.

        Raises
        ------
        NotFoundError
            If there is no such group.
        """
        return self._get_record(GROUP, GROUPS.c.document, GROUPS.c.group_id, group_id)

    def list_episodes(
        self, group_id: str, after: int | None = None, limit: int = 100
    ) -> EpisodePage:
        """Return one page of a group's episodes, by number.

        Parameters
        ----------
        group_id : str
            Exact id.
        after : int or None
            The `next_after` of the page before, None for the first page.
        limit : int
            Most episodes of the page, at least 1.

        Returns
        -------
        EpisodePage
            `total` counts all stored episodes of the group.

        Raises
        ------
        NotFoundError
            If there is no such group.
        """
        of_group = GROUP_EPISODES.c.group_id == group_id
        query = select(GROUP_EPISODES.c.number, GROUP_EPISODES.c.document).where(of_group)
        if after is not None:
            query = query.where(GROUP_EPISODES.c.number > after)
        query = query.order_by(GROUP_EPISODES.c.number).limit(limit + 1)
        with self._reading() as connection:
            _require_group(connection, group_id)
            rows = connection.execute(query).all()
            count = select(func.count()).select_from(GROUP_EPISODES).where(of_group)
            total = connection.scalar(count)
            episodes = tuple(EPISODE.read(row.document) for row in rows[:limit])
        next_after = episodes[-1].number if len(rows) > limit else None
        return EpisodePage(episodes, next_after, total or 0)

    def get_graph(self, group_id: str) -> Graph:
        """Return the account graph of a group.

        Parameters
        ----------
        group_id : str
            Exact id.

        Returns
        -------
        Graph
            Nodes in the unit square, edges by their ends' ids.

        Raises
        ------
        NotFoundError
            If there is no such group.
        """
        return self._get_evidence(GRAPH, GROUP_EVIDENCE.c.graph, group_id)

    def get_lag_histogram(self, group_id: str) -> LagHistogram:
        """Return how long followers waited, and how long chance would have.

        Parameters
        ----------
        group_id : str
            Exact id.

        Returns
        -------
        LagHistogram
            Bins in milliseconds.

        Raises
        ------
        NotFoundError
            If there is no such group.
        """
        return self._get_evidence(LAG_HISTOGRAM, GROUP_EVIDENCE.c.lag_histogram, group_id)

    def list_timeline(
        self, group_id: str, after: int | None = None, limit: int | None = None
    ) -> TimelinePage:
        """Return the timeline of a group, in stored order (by time), whole or page by page.

        Parameters
        ----------
        group_id : str
            Exact id.
        after : int or None
            The `next_after` of the page before, None for the first page.
        limit : int or None
            Most orders of the page, at least 1; None for all.

        Returns
        -------
        TimelinePage
            `total` counts all orders of the timeline.

        Raises
        ------
        NotFoundError
            If there is no such group.
        """
        orders = self._get_evidence(TIMELINE, GROUP_EVIDENCE.c.timeline, group_id)
        start = min(after or 0, len(orders))
        end = len(orders) if limit is None else min(start + limit, len(orders))
        return TimelinePage(orders[start:end], end if end < len(orders) else None, len(orders))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated_errors(self._url), self._engine.connect() as connection:
            yield connection

    def _get_evidence(
        self, form: Document[Record], column: ColumnElement[Any], group_id: str
    ) -> Record:
        return self._get_record(form, column, GROUP_EVIDENCE.c.group_id, group_id)

    def _get_record(
        self,
        form: Document[Record],
        column: ColumnElement[Any],
        key: ColumnElement[Any],
        group_id: str,
    ) -> Record:
        with self._reading() as connection:
            document = connection.scalar(select(column).where(key == group_id))
            if document is None:
                raise NotFoundError("group", group_id)
            return form.read(document)


def _require_group(connection: Connection, group_id: str) -> None:
    query = select(GROUPS.c.group_id).where(GROUPS.c.group_id == group_id)
    if connection.execute(query).first() is None:
        raise NotFoundError("group", group_id)


def _count_by(
    connection: Connection,
    column: ColumnElement[Any],
    values: type[Value],
    wanted: dict[str, ColumnElement[bool]],
    own_field: str,
) -> dict[Value, int]:
    others = [condition for field, condition in wanted.items() if field != own_field]
    query = select(column, func.count()).where(*others).group_by(column)
    counted: dict[str, int] = dict(connection.execute(query).all())
    return {value: counted.get(value.value, 0) for value in values}
