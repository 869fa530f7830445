"""The live store: what a worker of one stream reads when it starts and commits as it goes.

A commit is one transaction (`committing`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy import Engine

from streams.messages import Message
from surveillance.clock import now_ns
from surveillance.errors import StoreError, show_value
from surveillance.store.database import reading, writing
from surveillance.store.live.committing import write_commit
from surveillance.store.live.dead_letters import (
    queue_replay,
    read_dead_letter,
    read_replays,
)
from surveillance.store.live.journal import read_segments
from surveillance.store.live.outbox import (
    acknowledge,
    read_acknowledged,
    read_pending,
)
from surveillance.store.live.records import (
    LiveCommit,
    LiveState,
    OutboxRow,
    Position,
    StoredLetter,
)
from surveillance.store.live.reference import read_reference
from surveillance.store.live.stream_row import raise_epoch, read_state


class LiveStore:
    """One stream of a store; made by `Store.live`.

    Every method raises `StoreError` where the database fails, and then has changed nothing.

    Parameters
    ----------
    engine : Engine
        The store's engine.
    url : str
        The store's URL for messages, without its password.
    stream : str
        The name of the stream, also the dataset of its runs and groups.
    clock : Callable[[], int]
        The time of day, nanoseconds: only shown to people.
    """

    def __init__(
        self, engine: Engine, url: str, stream: str, *, clock: Callable[[], int] = now_ns
    ) -> None:
        self._engine = engine
        self._url = url
        self._clock = clock
        self.stream = stream

    def open_session(self) -> int:
        """Take the stream over: commits of every earlier session are refused from now on.

        Returns
        -------
        int
            The epoch to commit with.
        """
        with writing(self._engine, self._url) as connection:
            return raise_epoch(connection, self.stream)

    def load(self) -> LiveState:
        """Return where the stream stands; that of a new stream where nothing is committed."""
        with reading(self._engine, self._url) as connection:
            return read_state(connection, self.stream)

    def commit(self, commit: LiveCommit) -> None:
        """Apply one step of the worker in one transaction.

        Parameters
        ----------
        commit : LiveCommit
            All that changes.

        Raises
        ------
        StoreError
            If a newer session has the stream, a value cannot be held, groups come before any run
            or with that of another dataset, or the database fails; nothing is written then.
        """
        with writing(self._engine, self._url) as connection:
            if not write_commit(connection, self.stream, commit, time_ns=self._clock()):
                raise StoreError(
                    self._url,
                    f"another worker has taken over stream {show_value(self.stream)}; "
                    f"the session of epoch {commit.epoch} may no longer write",
                )

    def segments(self, first_ns: int | None = None, last_ns: int | None = None) -> Iterator[bytes]:
        """Yield the journal's segments by number, one in memory at a time.

        Parameters
        ----------
        first_ns, last_ns : int or None
            Only segments that may hold events of these times, nanoseconds, both ends included.

        Yields
        ------
        bytes
            The content of one segment.
        """
        return read_segments(
            self._engine,
            self._url,
            self.stream,
            first_ns=first_ns,
            last_ns=last_ns,
        )

    def reference(self, table: str) -> list[str]:
        """Return the newest documents of a reference table, by key."""
        with reading(self._engine, self._url) as connection:
            return read_reference(connection, self.stream, table)

    def pending(self, limit: int = 1_000) -> tuple[OutboxRow, ...]:
        """Return the first records of the outbox that are not acknowledged, in their order."""
        with reading(self._engine, self._url) as connection:
            return read_pending(connection, self.stream, limit)

    def acknowledge(self, numbers: Sequence[int], offsets: Mapping[Position, int]) -> None:
        """Note that records are published, and the last offset of each partition written to.

        Parameters
        ----------
        numbers : Sequence[int]
            Of the outbox; any session may say so, because what is published is published.
        offsets : Mapping[Position, int]
            Only go up.
        """
        with writing(self._engine, self._url) as connection:
            acknowledge(connection, self.stream, numbers, offsets)

    def last_acknowledged(self) -> dict[Position, int]:
        """Return the last acknowledged offset by topic and partition of the outbox's topics."""
        with reading(self._engine, self._url) as connection:
            return read_acknowledged(connection, self.stream)

    def dead_letter(self, number: int) -> StoredLetter:
        """Return a dead letter with its bytes.

        Raises
        ------
        NotFoundError
            If there is none of this number.
        """
        with reading(self._engine, self._url) as connection:
            return read_dead_letter(connection, self.stream, number)

    def replay(self, number: int) -> int:
        """Queue a dead letter for the worker; one that is queued already stays where it is.

        Returns
        -------
        int
            Its number in the queue of replays.

        Raises
        ------
        NotFoundError
            If there is no letter of this number.
        """
        with writing(self._engine, self._url) as connection:
            return queue_replay(connection, self.stream, number)

    def replays(self, from_number: int = 0, limit: int = 1_000) -> tuple[Message, ...]:
        """Return queued replays by number, as messages of partition `REPLAY_PARTITION`.

        The worker decodes them like others and commits the position of their topic and partition;
        `LiveState.next_replay` is the number to go on from.
        """
        with reading(self._engine, self._url) as connection:
            return read_replays(connection, self.stream, from_number, limit)
