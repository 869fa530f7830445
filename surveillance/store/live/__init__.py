"""Live streams in the store: journal, reference data, dead letters, outbox, reconciliation."""

from surveillance.store.live.records import (
    REPLAY_PARTITION,
    UNKNOWN_DAY,
    EventCounts,
    LiveCommit,
    LiveState,
    OutboxRecord,
    OutboxRow,
    ReferenceChange,
    Segment,
    StoredLetter,
)
from surveillance.store.live.store import LiveStore

__all__ = [
    "REPLAY_PARTITION",
    "UNKNOWN_DAY",
    "EventCounts",
    "LiveCommit",
    "LiveState",
    "LiveStore",
    "OutboxRecord",
    "OutboxRow",
    "ReferenceChange",
    "Segment",
    "StoredLetter",
]
