"""Copiers in the store: plans, what a check said of them, the live view, a person's commands."""

from surveillance.store.copying.records import (
    Checked,
    Copier,
    CopierPage,
    CopierStatus,
    CopierSummary,
    CopyCommand,
    CopyCommit,
    CopyState,
)
from surveillance.store.copying.store import TAKEN_OVER, CopyStore

__all__ = [
    "TAKEN_OVER",
    "Checked",
    "Copier",
    "CopierPage",
    "CopierStatus",
    "CopierSummary",
    "CopyCommand",
    "CopyCommit",
    "CopyState",
    "CopyStore",
]
