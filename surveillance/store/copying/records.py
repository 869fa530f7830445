"""What the store is told and asked about copiers. Plans, reports and views are plain JSON types."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streams.copier import CommandKind
from surveillance.store.live import LiveCommit, LiveState

SILENT_NS = 10_000_000_000
"""A running copier that was not heard of for longer is silent."""


class CopierStatus(StrEnum):
    """Whether a copier runs. `silent`: it was running, and nothing has been heard of it."""

    NEVER_RUN = "never_run"
    RUNNING = "running"
    STOPPED = "stopped"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class CopyCommand:
    """What a person told a copier; without an account, to all its followers."""

    command_id: int
    kind: CommandKind
    account_id: str | None
    time_ns: int
    is_obeyed: bool = False


@dataclass(frozen=True, slots=True)
class CopyCommit:
    """One step of a running copier; applied as a whole or not at all.

    Attributes
    ----------
    live : LiveCommit
        Positions, journal, snapshot, orders for the outbox.
    obeyed_command : int
        The last command that the copier has obeyed, 0 for none.
    view : mapping
        What people are shown of it.
    """

    live: LiveCommit
    obeyed_command: int
    view: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CopyState:
    """Where a copier stands: what its stream holds, the last command it obeyed, its last view."""

    live: LiveState
    obeyed_command: int
    view: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What the newest check of a plan said: a report, or the reasons of a refusal."""

    time_ns: int
    report: dict[str, Any] | None
    reasons: tuple[str, ...]

    @property
    def is_refused(self) -> bool:
        """Whether the plan was refused."""
        return self.report is None


@dataclass(frozen=True, slots=True)
class CopierSummary:
    """One row of the list of copiers.

    `seen_time_ns` is when the copier last said something, `states` counts the followers of the
    live view by state and is empty where there is none. `is_refused` is None for a plan that was
    never checked.
    """

    plan_id: str
    leader_account_id: str
    n_followers: int
    status: CopierStatus
    seen_time_ns: int | None
    checked_time_ns: int | None
    is_refused: bool | None
    states: dict[str, int]


@dataclass(frozen=True, slots=True)
class CopierPage:
    """One page of copiers, by plan."""

    copiers: tuple[CopierSummary, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Copier:
    """One copier. `commands` holds the newest first; those that wait are not obeyed."""

    summary: CopierSummary
    plan: dict[str, Any]
    plan_time_ns: int
    checked: Checked | None
    view: dict[str, Any] | None
    commands: tuple[CopyCommand, ...]
