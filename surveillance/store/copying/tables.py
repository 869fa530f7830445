"""The SQL tables of the copiers.

What a running copier reads and sends is kept as that of a live stream, under `stream_of` its plan:
positions, journal, snapshot, outbox and dead letters.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Table,
    Text,
    UniqueConstraint,
)

from surveillance.store.tables import METADATA

COPIERS = Table(
    "copiers",
    METADATA,
    Column("plan_id", Text, primary_key=True),
    Column("leader_account_id", Text, nullable=False),
    Column("n_followers", BigInteger, nullable=False),
    Column("plan_time_ns", BigInteger, nullable=False),
    Column("checked_time_ns", BigInteger),
    Column("is_refused", Boolean),
    Column("is_running", Boolean, nullable=False),
    Column("seen_time_ns", BigInteger),
    Column("obeyed_command", BigInteger, nullable=False),
    Column("n_commands", BigInteger, nullable=False),
    Column("plan", Text, nullable=False),
    Column("checked", Text),  # a verification, or the reasons of a refusal
    Column("view", Text),
)

COMMANDS = Table(
    "copier_commands",
    METADATA,
    Column("plan_id", Text, ForeignKey("copiers.plan_id", ondelete="CASCADE"), primary_key=True),
    Column("command_id", BigInteger, primary_key=True),  # counts up from 1 within a plan
    Column("kind", Text, nullable=False),
    Column("account_id", Text),  # None means all followers
    Column("time_ns", BigInteger, nullable=False),
    Column("request_key", Text),  # what is sent again under its key is one command
    UniqueConstraint("plan_id", "request_key", name="uq_copier_commands_request_key"),
)


def stream_of(plan_id: str) -> str:
    """Return the name of the live stream that holds what the copier of a plan reads and sends."""
    return f"copy/{plan_id}"
