"""What a worker commits, what it finds when it starts, and what waits to be published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streams.messages import DeadLetter
from surveillance.findings import AccountSummary, GroupFinding, RunFindings, RunManifest

REPLAY_PARTITION = -1
"""The partition of replayed messages: their offset is their number in the queue of replays."""

UNKNOWN_DAY = "unknown"
"""The day of events whose time could not be read."""

Position = tuple[str, int]  # topic and partition


@dataclass(frozen=True, slots=True)
class EventCounts:
    """What became of the events of one topic and one day of event time, since the last commit.

    `day` is an ISO date (UTC) or `UNKNOWN_DAY`. A replayed event is read, and counted, once more.
    """

    topic: str
    day: str
    read: int = 0
    accepted: int = 0
    duplicates: int = 0
    late: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class ReferenceChange:
    """The newest document of a key in a reference table; None removes the key."""

    table: str
    key: str
    document: str | None


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """A record to publish once.

    `identity` is what makes it the same record: one that the outbox has ever held is ignored. It
    has to name the occurrence, not the content alone, or a return to an earlier state is lost.
    """

    topic: str
    key: str
    value: str
    identity: str


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A record of the outbox with its number."""

    number: int
    record: OutboxRecord


@dataclass(frozen=True, slots=True)
class Segment:
    """Accepted events as bytes, with the event times they span, both ends included."""

    content: bytes
    first_ns: int
    last_ns: int
    n_rows: int


@dataclass(frozen=True, slots=True)
class LiveCommit:
    """Everything that one step of a worker changes; applied as a whole or not at all.

    Attributes
    ----------
    epoch : int
        What `LiveStore.open_session` returned.
    positions : Mapping[Position, int]
        Next offset to read, by topic and partition; those not named stay.
    progress : str
        JSON text of the worker's own, returned by `load` as it is.
    watermark_ns, newest_ns : int or None
        Event time up to which everything is judged, and the newest that was read, nanoseconds;
        shown to people, never read by the store.
    segment : Segment or None
        The next part of the journal.
    counts : Sequence[EventCounts]
        Added to what is there.
    dead : Sequence[DeadLetter]
        Refused events.
    reference : Sequence[ReferenceChange]
        In order; the last one of a key wins.
    run : RunFindings or None
        A closing: replaces the groups and accounts of the stream, as `Store.record_run` does. Its
        dataset must be the stream's name.
    manifest : RunManifest or None
        The run that `groups` belong to, where it is not `run` or an earlier one.
    groups : Sequence[GroupFinding]
        Written after `run`; each replaces the group with its id.
    accounts : Sequence[AccountSummary]
        Accounts of `groups`; each replaces the account with its id.
    withdrawn : Sequence[str]
        Ids of groups that are no more; unknown ones are ignored. Removed before `groups` come.
    outbox : Sequence[OutboxRecord]
        To be published, in order.
    snapshot : bytes or None
        State after this commit's segment; None keeps the earlier one.
    forgets_segments : bool
        Whether the segments before this commit's are of no more use, the snapshot holds them.
    """

    epoch: int
    positions: Mapping[Position, int]
    progress: str
    watermark_ns: int | None = None
    newest_ns: int | None = None
    segment: Segment | None = None
    counts: Sequence[EventCounts] = ()
    dead: Sequence[DeadLetter] = ()
    reference: Sequence[ReferenceChange] = ()
    run: RunFindings | None = None
    manifest: RunManifest | None = None
    groups: Sequence[GroupFinding] = ()
    accounts: Sequence[AccountSummary] = ()
    withdrawn: Sequence[str] = ()
    outbox: Sequence[OutboxRecord] = ()
    snapshot: bytes | None = None
    forgets_segments: bool = False


@dataclass(frozen=True, slots=True)
class LiveState:
    """Where a stream stands; `snapshot` is the newest state that a commit saved."""

    positions: dict[Position, int] = field(default_factory=dict)
    progress: str = "{}"
    n_segments: int = 0
    snapshot: bytes | None = None

    @property
    def next_replay(self) -> int:
        """The number of the first replay that no commit holds yet: replays are taken in order."""
        return max(
            (o for (_, partition), o in self.positions.items() if partition == REPLAY_PARTITION),
            default=0,
        )


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A dead letter with its number, and its place in the queue of replays once it is there."""

    number: int
    letter: DeadLetter
    replay_number: int | None
