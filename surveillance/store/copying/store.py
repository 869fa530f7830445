"""The store of the copiers: what a check records, a person commands, a running copier commits."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from streams.copier import CommandKind
from surveillance.clock import now_ns
from surveillance.errors import CopierError, NotFoundError
from surveillance.store.copying.reading import (
    command_of,
    copier_of,
    copier_row,
    status_of,
    summary_of,
)
from surveillance.store.copying.records import (
    Copier,
    CopierPage,
    CopierStatus,
    CopyCommand,
    CopyCommit,
    CopyState,
)
from surveillance.store.copying.tables import COMMANDS, COPIERS, stream_of
from surveillance.store.cursors import after, ordering, read_cursor, write_cursor
from surveillance.store.database import reading, writing
from surveillance.store.live.committing import write_commit
from surveillance.store.live.store import LiveStore
from surveillance.store.live.stream_row import is_newest, raise_epoch, read_state

TAKEN_OVER = "was taken over: another `copy run` has it, this one ends"
_BY_PLAN = ((COPIERS.c.plan_id, False),)
_LISTING = "copiers"
_COMMANDS_AT_A_TIME = 1_000


class CopyStore:
    """All copiers of a store; made by `Store`, threads may share it.

    A plan that was never recorded raises `NotFoundError`, a failing database `StoreError`; then
    nothing has changed.

    Parameters
    ----------
    engine : Engine
        The store's engine.
    url : str
        The store's URL for messages, without its password.
    clock : Callable[[], int]
        The time of day, nanoseconds: says whether a copier is silent.
    """

    def __init__(self, engine: Engine, url: str, *, clock: Callable[[], int] = now_ns) -> None:
        self._engine, self._url, self._clock = engine, url, clock

    # Plans

    def record_plan(self, plan_id: str, plan: Mapping[str, Any], time_ns: int) -> None:
        """Keep a plan; a changed one takes the place of the old one.

        Parameters
        ----------
        plan_id : str
            Its id.
        plan : mapping
            As `plan_to_json` returns it.
        time_ns : int
            The time of day.

        Raises
        ------
        CopierError
            If the plan runs and is another one now.
        """
        fresh = {"is_running": False, "obeyed_command": 0, "n_commands": 0}
        with writing(self._engine, self._url) as connection:
            row = {
                "plan_id": plan_id,
                "leader_account_id": plan["leader_account_id"],
                "n_followers": len(plan["followers"]),
                "plan_time_ns": time_ns,
                "plan": _text(plan),
            }
            query = select(COPIERS).where(COPIERS.c.plan_id == plan_id)
            known = connection.execute(query).one_or_none()
            if known is None:
                connection.execute(insert(COPIERS).values(row | fresh))
                return
            if known.plan == row["plan"]:
                return
            if status_of(known, self._clock()) is CopierStatus.RUNNING:
                raise CopierError(plan_id, "runs as another plan; stop it before it is changed")
            connection.execute(update(COPIERS).where(COPIERS.c.plan_id == plan_id).values(row))

    def record_verification(self, plan_id: str, report: Mapping[str, Any], time_ns: int) -> None:
        """Keep what a day in demo said of a plan; the newest check counts."""
        self._record_check(plan_id, report, time_ns, is_refused=False)

    def record_refusal(self, plan_id: str, reasons: Sequence[str], time_ns: int) -> None:
        """Keep why a plan was refused; the newest check counts."""
        self._record_check(plan_id, list(reasons), time_ns, is_refused=True)

    def list_copiers(self, cursor: str | None = None, limit: int = 100) -> CopierPage:
        """Return one page of copiers, by plan.

        Parameters
        ----------
        cursor : str or None
            The `next_cursor` of the page before, None for the first page.
        limit : int
            Most rows of the page, at least 1.
        """
        query = select(COPIERS)
        if cursor is not None:
            query = query.where(after(_BY_PLAN, read_cursor(_LISTING, cursor, (str,))))
        query = query.order_by(*ordering(_BY_PLAN)).limit(limit + 1)
        with reading(self._engine, self._url) as connection:
            rows = connection.execute(query).all()
            total = connection.scalar(select(func.count()).select_from(COPIERS))
        copiers = tuple(summary_of(row, self._clock()) for row in rows[:limit])
        more = len(rows) > limit
        next_cursor = write_cursor(_LISTING, (copiers[-1].plan_id,)) if more else None
        return CopierPage(copiers, next_cursor, total or 0)

    def copier(self, plan_id: str) -> Copier:
        """Return all that is known about a copier."""
        with reading(self._engine, self._url) as connection:
            return copier_of(connection, copier_row(connection, plan_id), self._clock())

    def running_plans(self) -> tuple[dict[str, Any], ...]:
        """Return the plans of all copiers that were not stopped, silent ones too, by id."""
        query = select(COPIERS.c.plan).where(COPIERS.c.is_running).order_by(COPIERS.c.plan_id)
        with reading(self._engine, self._url) as connection:
            return tuple(json.loads(plan) for plan in connection.scalars(query))

    # Commands

    def add_command(
        self,
        plan_id: str,
        kind: CommandKind,
        account_id: str | None,
        time_ns: int,
        *,
        request_key: str | None = None,
    ) -> int:
        """Tell a copier something; it obeys within a second, or when it runs again.

        Parameters
        ----------
        plan_id : str
            Whom.
        kind : CommandKind
            What.
        account_id : str or None
            One follower, None for all.
        time_ns : int
            The time of day.
        request_key : str, optional
            The same command with the key of an earlier one is that one.

        Returns
        -------
        int
            Its number among the plan's commands, from 1 on.

        Raises
        ------
        NotFoundError
            If the plan has no such follower.
        CopierError
            If the key was that of another command.
        """
        with writing(self._engine, self._url) as connection:
            row = copier_row(connection, plan_id, is_locked=True)
            known = _command_of_key(connection, plan_id, request_key)
            if known is not None:
                if (known.kind, known.account_id) != (kind.value, account_id):
                    raise CopierError(plan_id, "was told something else under this key")
                return int(known.command_id)
            _check_follower(json.loads(row.plan), account_id)
            number: int = row.n_commands + 1
            command = {
                "plan_id": plan_id,
                "command_id": number,
                "kind": kind.value,
                "account_id": account_id,
                "time_ns": time_ns,
                "request_key": request_key,
            }
            connection.execute(insert(COMMANDS).values(command))
            connection.execute(
                update(COPIERS).where(COPIERS.c.plan_id == plan_id).values(n_commands=number)
            )
            return number

    def commands_after(self, plan_id: str, command_id: int) -> tuple[CopyCommand, ...]:
        """Return the commands with larger numbers, in their order."""
        query = (
            select(COMMANDS)
            .where(COMMANDS.c.plan_id == plan_id, COMMANDS.c.command_id > command_id)
            .order_by(COMMANDS.c.command_id)
            .limit(_COMMANDS_AT_A_TIME)
        )
        with reading(self._engine, self._url) as connection:
            obeyed = copier_row(connection, plan_id).obeyed_command
            return tuple(command_of(row, obeyed) for row in connection.execute(query))

    # A running copier

    def live(self, plan_id: str) -> LiveStore:
        """Return the store of what the copier of a plan reads and sends."""
        return LiveStore(self._engine, self._url, stream_of(plan_id), clock=self._clock)

    def open_session(self, plan_id: str) -> int:
        """Take a copier over: commits of every earlier session are refused from now on.

        Returns
        -------
        int
            The epoch to commit with.
        """
        with writing(self._engine, self._url) as connection:
            copier_row(connection, plan_id)
            epoch = raise_epoch(connection, stream_of(plan_id))
            self._note_seen(connection, plan_id)
            return epoch

    def load(self, plan_id: str) -> CopyState:
        """Return where a copier stands."""
        with reading(self._engine, self._url) as connection:
            row = copier_row(connection, plan_id)
            return CopyState(
                read_state(connection, stream_of(plan_id)),
                row.obeyed_command,
                json.loads(row.view) if row.view is not None else None,
            )

    def commit(self, plan_id: str, commit: CopyCommit) -> None:
        """Apply one step of a running copier in one transaction.

        Raises
        ------
        CopierError
            If a newer session has the copier; nothing is written then.
        """
        with writing(self._engine, self._url) as connection:
            if not write_commit(connection, stream_of(plan_id), commit.live, time_ns=self._clock()):
                raise CopierError(plan_id, TAKEN_OVER)
            self._note_seen(
                connection,
                plan_id,
                view=_text(commit.view),
                obeyed_command=commit.obeyed_command,
            )

    def close_session(self, plan_id: str, epoch: int) -> None:
        """Say that a copier has stopped; one that was taken over says nothing."""
        with writing(self._engine, self._url) as connection:
            if is_newest(connection, stream_of(plan_id), epoch):
                self._note_seen(connection, plan_id, is_running=False)

    def _note_seen(self, connection: Connection, plan_id: str, **values: object) -> None:
        news = {"is_running": True, "seen_time_ns": self._clock()} | values
        connection.execute(update(COPIERS).where(COPIERS.c.plan_id == plan_id).values(news))

    def _record_check(
        self, plan_id: str, content: object, time_ns: int, *, is_refused: bool
    ) -> None:
        with writing(self._engine, self._url) as connection:
            news = {
                "checked": _text(content),
                "checked_time_ns": time_ns,
                "is_refused": is_refused,
            }
            copier_row(connection, plan_id)
            connection.execute(update(COPIERS).where(COPIERS.c.plan_id == plan_id).values(news))


def _text(content: object) -> str:
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def _command_of_key(connection: Connection, plan_id: str, key: str | None) -> Row[Any] | None:
    if key is None:
        return None
    query = select(COMMANDS).where(COMMANDS.c.plan_id == plan_id, COMMANDS.c.request_key == key)
    return connection.execute(query).one_or_none()


def _check_follower(plan: Mapping[str, Any], account_id: str | None) -> None:
    names = {one["account_id"] for one in plan["followers"]}
    if account_id is not None and account_id not in names:
        raise NotFoundError("follower", account_id)
