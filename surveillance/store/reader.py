"""Reads the store: every answer is a findings record or a record of `surveillance.store.records`.

Each question is one read transaction, so a run that is recorded meanwhile is seen whole or not at
all. Unknown ids raise `NotFoundError`, foreign cursors `CursorError`, a failing database
`StoreError`; limits are at least 1 and are the caller's to bound.
"""

from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select

from surveillance.errors import NotFoundError
from surveillance.findings import PlaceboFinding, RunManifest
from surveillance.store.cursors import after, ordering, read_cursor, write_cursor
from surveillance.store.documents import (
    ACCOUNT_SUMMARY,
    GROUP_SUMMARY,
    PLACEBO_FINDING,
    RUN_MANIFEST,
)
from surveillance.store.filters import SORT_KEYS, contains, holds_account
from surveillance.store.group_reader import GroupReader
from surveillance.store.records import (
    AccountDetail,
    AccountPage,
    GroupSort,
    RunPage,
)
from surveillance.store.tables import ACCOUNTS, GROUPS, PLACEBO, RUNS

_BY_ACCOUNT_ID = ((ACCOUNTS.c.account_id, False),)
_NEWEST_FIRST = ((RUNS.c.number, True),)


class Reader(GroupReader):
    """Answers questions about groups, accounts and runs; threads may share it."""

    def list_accounts(
        self, cursor: str | None = None, limit: int = 100, text: str | None = None
    ) -> AccountPage:
        """Return one page of accounts, by account id.

        An account of several datasets is listed once, as its newest run saw it.

        Parameters
        ----------
        cursor : str or None
            The `next_cursor` of the page before, None for the first page.
        limit : int
            Most rows of the page, at least 1.
        text : str or None
            Only accounts whose account, owner or firm id holds this, upper or lower case.

        Returns
        -------
        AccountPage
            `total` counts all accounts that `text` means.

        Raises
        ------
        CursorError
            If the cursor is not one of this listing.
        """
        wanted: list[ColumnElement[bool]] = [_is_newest_row()]
        if text:
            columns = (ACCOUNTS.c.account_id, ACCOUNTS.c.owner_id, ACCOUNTS.c.firm_id)
            wanted.append(or_(*(contains(column, text) for column in columns)))
        query = select(ACCOUNTS.c.document, ACCOUNTS.c.account_id).where(*wanted)
        if cursor is not None:
            query = query.where(after(_BY_ACCOUNT_ID, read_cursor("accounts", cursor, (str,))))
        query = query.order_by(*ordering(_BY_ACCOUNT_ID)).limit(limit + 1)
        with self._reading() as connection:
            rows = connection.execute(query).all()
            total = connection.scalar(select(func.count()).select_from(ACCOUNTS).where(*wanted))
            accounts = tuple(ACCOUNT_SUMMARY.read(row.document) for row in rows[:limit])
        more = len(rows) > limit
        next_cursor = write_cursor("accounts", (accounts[-1].account_id,)) if more else None
        return AccountPage(accounts, next_cursor, total or 0)

    def get_account(self, account_id: str) -> AccountDetail:
        """Return one account and the groups that hold it, of whatever dataset.

        Parameters
        ----------
        account_id : str
            Exact id.

        Returns
        -------
        AccountDetail
            The account as its newest run saw it; groups in priority order.

        Raises
        ------
        NotFoundError
            If no stored run saw the account.
        """
        account = (
            select(ACCOUNTS.c.document)
            .where(ACCOUNTS.c.account_id == account_id)
            .order_by(ACCOUNTS.c.run_number.desc())
            .limit(1)
        )
        groups = (
            select(GROUPS.c.summary)
            .where(holds_account(account_id))
            .order_by(*ordering(SORT_KEYS[GroupSort.PRIORITY]))
        )
        with self._reading() as connection:
            document = connection.scalar(account)
            if document is None:
                raise NotFoundError("account", account_id)
            return AccountDetail(
                ACCOUNT_SUMMARY.read(document),
                tuple(GROUP_SUMMARY.read(text) for text in connection.scalars(groups)),
            )

    def list_runs(self, cursor: str | None = None, limit: int = 100) -> RunPage:
        """Return one page of runs, the newest first.

        Parameters
        ----------
        cursor : str or None
            The `next_cursor` of the page before, None for the first page.
        limit : int
            Most rows of the page, at least 1.

        Returns
        -------
        RunPage
            `total` counts all runs.

        Raises
        ------
        CursorError
            If the cursor is not one of this listing.
        """
        query = select(RUNS.c.document, RUNS.c.number)
        if cursor is not None:
            query = query.where(after(_NEWEST_FIRST, read_cursor("runs", cursor, (int,))))
        query = query.order_by(*ordering(_NEWEST_FIRST)).limit(limit + 1)
        with self._reading() as connection:
            rows = connection.execute(query).all()
            total = connection.scalar(select(func.count()).select_from(RUNS))
            runs = tuple(RUN_MANIFEST.read(row.document) for row in rows[:limit])
        more = len(rows) > limit
        next_cursor = write_cursor("runs", (rows[limit - 1].number,)) if more else None
        return RunPage(runs, next_cursor, total or 0)

    def get_run(self, run_id: str) -> RunManifest:
        """Return one run's manifest.

        Parameters
        ----------
        run_id : str
            Exact id.

        Returns
        -------
        RunManifest
            What was run on what.

        Raises
        ------
        NotFoundError
            If no such run is recorded.
        """
        with self._reading() as connection:
            document = connection.scalar(select(RUNS.c.document).where(RUNS.c.run_id == run_id))
            if document is None:
                raise NotFoundError("run", run_id)
            return RUN_MANIFEST.read(document)

    def latest_run(self, dataset: str | None = None) -> RunManifest | None:
        """Return the manifest of the run that was recorded last.

        Parameters
        ----------
        dataset : str or None
            Only runs over this dataset; None for any.

        Returns
        -------
        RunManifest or None
            None where there is none.
        """
        query = select(RUNS.c.document).order_by(RUNS.c.number.desc()).limit(1)
        if dataset is not None:
            query = query.where(RUNS.c.dataset == dataset)
        with self._reading() as connection:
            document = connection.scalar(query)
            return None if document is None else RUN_MANIFEST.read(document)

    def list_datasets(self) -> tuple[str, ...]:
        """Return the names of all datasets that a run is recorded of, the newest run's first."""
        query = (
            select(RUNS.c.dataset).group_by(RUNS.c.dataset).order_by(func.max(RUNS.c.number).desc())
        )
        with self._reading() as connection:
            return tuple(connection.scalars(query))

    def list_placebo(self, run_id: str) -> tuple[PlaceboFinding, ...]:
        """Return the placebo counts of a run.

        Parameters
        ----------
        run_id : str
            Exact id.

        Returns
        -------
        tuple[PlaceboFinding, ...]
            By tolerated false pairs, the fewest first.

        Raises
        ------
        NotFoundError
            If no such run is recorded.
        """
        query = (
            select(PLACEBO.c.document)
            .where(PLACEBO.c.run_id == run_id)
            .order_by(PLACEBO.c.tolerated)
        )
        with self._reading() as connection:
            known = connection.scalar(select(RUNS.c.number).where(RUNS.c.run_id == run_id))
            if known is None:
                raise NotFoundError("run", run_id)
            return tuple(PLACEBO_FINDING.read(text) for text in connection.scalars(query))


def _is_newest_row() -> ColumnElement[Any]:
    newer = ACCOUNTS.alias("newer")
    return ~exists().where(
        newer.c.account_id == ACCOUNTS.c.account_id,
        newer.c.run_number > ACCOUNTS.c.run_number,
    )
