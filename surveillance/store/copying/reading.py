"""Rows of the copiers as records."""

import json
from collections import Counter
from typing import Any

from sqlalchemy import Connection, Row, select

from streams.copier import CommandKind
from surveillance.errors import NotFoundError
from surveillance.store.copying.records import (
    SILENT_NS,
    Checked,
    Copier,
    CopierStatus,
    CopierSummary,
    CopyCommand,
)
from surveillance.store.copying.tables import COMMANDS, COPIERS

COMMANDS_SHOWN = 50


def copier_row(connection: Connection, plan_id: str, *, is_locked: bool = False) -> Row[Any]:
    """Return the row of a copier, `is_locked` until the transaction ends.

    Raises
    ------
    NotFoundError
        If no plan of this id was recorded.
    """
    query = select(COPIERS).where(COPIERS.c.plan_id == plan_id)
    if is_locked:
        query = query.with_for_update()  # SQLite locks anyway
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("copier", plan_id)
    return row


def summary_of(row: Row[Any], now_ns: int) -> CopierSummary:
    """Return the list row of a copier as it stands at a time."""
    view = json.loads(row.view) if row.view is not None else None
    states = Counter(one["state"] for one in view["followers"]) if view is not None else Counter()
    return CopierSummary(
        plan_id=row.plan_id,
        leader_account_id=row.leader_account_id,
        n_followers=row.n_followers,
        status=status_of(row, now_ns),
        seen_time_ns=row.seen_time_ns,
        checked_time_ns=row.checked_time_ns,
        is_refused=row.is_refused,
        states=dict(sorted(states.items())),
    )


def status_of(row: Row[Any], now_ns: int) -> CopierStatus:
    """Say whether a copier runs at a time."""
    if row.seen_time_ns is None:
        return CopierStatus.NEVER_RUN
    if not row.is_running:
        return CopierStatus.STOPPED
    is_silent = now_ns - row.seen_time_ns > SILENT_NS
    return CopierStatus.SILENT if is_silent else CopierStatus.RUNNING


def copier_of(connection: Connection, row: Row[Any], now_ns: int) -> Copier:
    """Return all that is known about a copier."""
    query = (
        select(COMMANDS)
        .where(COMMANDS.c.plan_id == row.plan_id)
        .order_by(COMMANDS.c.command_id.desc())
        .limit(COMMANDS_SHOWN)
    )
    return Copier(
        summary=summary_of(row, now_ns),
        plan=json.loads(row.plan),
        plan_time_ns=row.plan_time_ns,
        checked=_checked(row),
        view=json.loads(row.view) if row.view is not None else None,
        commands=tuple(
            command_of(command, row.obeyed_command) for command in connection.execute(query)
        ),
    )


def command_of(row: Row[Any], obeyed_command: int) -> CopyCommand:
    """Return a command as a record."""
    return CopyCommand(
        row.command_id,
        CommandKind(row.kind),
        row.account_id,
        row.time_ns,
        is_obeyed=row.command_id <= obeyed_command,
    )


def _checked(row: Row[Any]) -> Checked | None:
    if row.checked is None:
        return None
    content = json.loads(row.checked)
    if row.is_refused:
        return Checked(row.checked_time_ns, None, tuple(content))
    return Checked(row.checked_time_ns, content, ())
