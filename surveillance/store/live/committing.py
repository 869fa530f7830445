"""A commit of a stream: everything that one step changes, in the caller's transaction."""

from sqlalchemy import Connection

from surveillance.store.live.dead_letters import write_dead_letters
from surveillance.store.live.groups import write_groups
from surveillance.store.live.journal import forget_segments, write_segment
from surveillance.store.live.outbox import write_outbox
from surveillance.store.live.reconciliation import add_counts
from surveillance.store.live.records import LiveCommit
from surveillance.store.live.reference import write_reference
from surveillance.store.live.stream_row import advance


def write_commit(connection: Connection, stream: str, commit: LiveCommit, *, time_ns: int) -> bool:
    """Write one step; return False, having written nothing, where a newer session has the stream.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes. The first statement takes the lock of the stream's row, so
        that of two sessions only the newer one writes.
    stream : str
        The stream.
    commit : LiveCommit
        All that changes.
    time_ns : int
        The time of day.
    """
    numbers = advance(connection, stream, commit, time_ns=time_ns)
    if numbers is None:
        return False
    if commit.forgets_segments:
        forget_segments(connection, stream, numbers.segment)
    if commit.segment is not None:
        write_segment(connection, stream, numbers.segment, commit.segment)
    add_counts(connection, stream, commit.counts)
    write_dead_letters(connection, stream, numbers.dead_letter, commit.dead)
    write_reference(connection, stream, commit.reference)
    write_groups(connection, stream, commit)
    write_outbox(connection, stream, numbers.outbox, commit.outbox)
    return True
