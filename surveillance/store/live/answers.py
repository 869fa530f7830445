"""What the API and the metrics are told about live streams."""

from dataclasses import dataclass
from enum import StrEnum

from streams.messages import DeadReason


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the events that were read."""

    read: int
    accepted: int
    duplicates: int
    late: int
    dead: int

    @property
    def reconcile(self) -> bool:
        """Whether every event that was read is accounted for."""
        return self.read == self.accepted + self.duplicates + self.late + self.dead


@dataclass(frozen=True, slots=True)
class TopicOutcomes:
    """The totals of one topic.

    `holds` asks that each of its days reconciles, and that every dead event is a stored letter.
    """

    topic: str
    outcomes: Outcomes
    holds: bool


@dataclass(frozen=True, slots=True)
class PartitionPosition:
    """Where reading goes on; partition -1 is the queue of replays."""

    topic: str
    partition: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """One live stream.

    `watermark_ns` is the event time up to which everything is judged, `newest_ns` the newest that
    was read and `lag_s` the seconds between them. `committed_time_ns` and `snapshot_time_ns` are
    times of day. `holds` says that the stream reconciles.
    """

    stream: str
    watermark_ns: int | None
    newest_ns: int | None
    lag_s: float | None
    committed_time_ns: int | None
    snapshot_time_ns: int | None
    outcomes: Outcomes
    holds: bool
    n_journal_events: int
    n_dead_letters: int
    n_outbox_pending: int
    positions: tuple[PartitionPosition, ...]


@dataclass(frozen=True, slots=True)
class StreamPage:
    """One page of streams, by name."""

    streams: tuple[StreamSummary, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class DayOutcomes:
    """What became of the events of one topic and day of event time (UTC, or `unknown`)."""

    topic: str
    day: str
    read: int
    accepted: int
    duplicates: int
    late: int
    dead: int
    holds: bool


@dataclass(frozen=True, slots=True)
class ReconciliationPage:
    """One page of days, the newest first and unknown ones before; `holds` is the whole stream's."""

    holds: bool
    days: tuple[DayOutcomes, ...]
    next_cursor: str | None
    total: int


class ReplayState(StrEnum):
    """How far the replay of a dead letter has come."""

    NONE = "none"
    QUEUED = "queued"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class DeadLetterSummary:
    """A dead letter without its bytes; `row` is that of an Arrow message."""

    number: int
    topic: str
    partition: int
    offset: int
    row: int | None
    reason: DeadReason
    sentence: str
    n_bytes: int | None
    replay: ReplayState


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """One page of dead letters, by number; `next_after` is the last number, or None."""

    letters: tuple[DeadLetterSummary, ...]
    next_after: int | None
    total: int
