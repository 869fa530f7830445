"""The SQL tables of the live streams: what a worker needs to go on, and what it has to hand over.

Numbers count up from 0 within a stream without gaps. They are dealt while the stream's row is
locked, so that a reader who has seen one number has seen every smaller one.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from surveillance.store.tables import METADATA


def _stream() -> Column[str]:
    reference = ForeignKey("live_streams.stream", ondelete="CASCADE")
    return Column("stream", Text, reference, primary_key=True)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


STREAMS = Table(
    "live_streams",
    METADATA,
    Column("stream", Text, primary_key=True),
    _count("epoch"),  # the newest session; commits of older ones are refused
    Column("progress", Text, nullable=False),
    Column("watermark_ns", BigInteger),
    Column("newest_ns", BigInteger),
    Column("committed_time_ns", BigInteger),
    _count("n_segments"),
    _count("n_rows"),
    _count("n_dead_letters"),
    _count("n_replays"),
    _count("n_outbox"),
)

SNAPSHOTS = Table(  # apart from the stream's row, which every commit rewrites
    "live_snapshots",
    METADATA,
    _stream(),
    Column("time_ns", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

POSITIONS = Table(
    "live_positions",
    METADATA,
    _stream(),
    Column("topic", Text, primary_key=True),
    Column("partition", BigInteger, primary_key=True),
    _count("next_offset"),
)

SEGMENTS = Table(
    "live_segments",
    METADATA,
    _stream(),
    Column("number", BigInteger, primary_key=True),
    Column("first_ns", BigInteger, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    _count("n_rows"),
    Column("content", LargeBinary, nullable=False),
)

COUNTS = Table(
    "live_counts",
    METADATA,
    _stream(),
    Column("topic", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    _count("n_read"),
    _count("n_accepted"),
    _count("n_duplicates"),
    _count("n_late"),
    _count("n_dead"),
)

REFERENCE = Table(
    "live_reference",
    METADATA,
    _stream(),
    Column("table_name", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

DEAD_LETTERS = Table(
    "live_dead_letters",
    METADATA,
    _stream(),
    Column("number", BigInteger, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("partition", BigInteger, nullable=False),
    Column("message_offset", BigInteger, nullable=False),
    Column("row_number", BigInteger),
    Column("reason", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("message_key", LargeBinary),
    Column("headers", Text, nullable=False),
    Column("replay_number", BigInteger),  # its place in the queue of replays
    Column("value", LargeBinary),  # last: what comes after a large value is slow to reach
    UniqueConstraint("stream", "replay_number", name="uq_live_dead_letters_replay_number"),
)
Index("ix_live_dead_letters_reason", DEAD_LETTERS.c.stream, DEAD_LETTERS.c.reason)
Index("ix_live_dead_letters_topic", DEAD_LETTERS.c.stream, DEAD_LETTERS.c.topic)

OUTBOX = Table(
    "live_outbox",
    METADATA,
    _stream(),
    Column("number", BigInteger, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("pending", BigInteger),  # its number until it is acknowledged, so that few are indexed
    UniqueConstraint("stream", "identity", name="uq_live_outbox_identity"),
    UniqueConstraint("stream", "pending", name="uq_live_outbox_pending"),
)

ACKNOWLEDGED = Table(
    "live_acknowledged",
    METADATA,
    _stream(),
    Column("topic", Text, primary_key=True),
    Column("partition", BigInteger, primary_key=True),
    Column("last_offset", BigInteger, nullable=False),
)
