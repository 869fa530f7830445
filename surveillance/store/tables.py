"""The SQL tables of the store.

A column exists where something is filtered, sorted or joined on it; all else is in JSON documents,
so that the findings records stay the one definition of what a group is. Types are those that
SQLite and PostgreSQL share; the migrations repeat this module and a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _group_id() -> Column[str]:
    reference = ForeignKey("groups.group_id", ondelete="CASCADE")
    return Column("group_id", Text, reference, primary_key=True)


RUNS = Table(
    "runs",
    METADATA,
    Column("number", Integer, primary_key=True),  # counts up: a greater number is a newer run
    Column("run_id", Text, nullable=False, unique=True),
    Column("dataset", Text, nullable=False),
    Column("document", Text, nullable=False),
)

PLACEBO = Table(
    "placebo",
    METADATA,
    Column("run_id", Text, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("tolerated", Double, primary_key=True),
    Column("document", Text, nullable=False),
)

GROUPS = Table(
    "groups",
    METADATA,
    Column("group_id", Text, primary_key=True),
    Column("dataset", Text, nullable=False, index=True),
    Column("run_id", Text, ForeignKey("runs.run_id"), nullable=False, index=True),
    Column("priority", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("subtype", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("recommended_action", Text, nullable=False),
    Column("leader_account_id", Text),
    Column("n_members", Integer, nullable=False),
    Column("log10_e", Double, nullable=False),
    Column("lag_median_ms", Double),
    Column("n_episodes", Integer, nullable=False),
    Column("last_time_ns", BigInteger, nullable=False),
    Column("summary", Text, nullable=False),
    Column("document", Text, nullable=False),
)
Index("ix_groups_priority", GROUPS.c.priority, GROUPS.c.log10_e, GROUPS.c.group_id)

GROUP_MEMBERS = Table(
    "group_members",
    METADATA,
    _group_id(),
    Column("place", Integer, primary_key=True),
    Column("account_id", Text, nullable=False, index=True),
    Column("owner_id", Text),
    Column("firm_id", Text, index=True),
)

GROUP_INSTRUMENTS = Table(
    "group_instruments",
    METADATA,
    _group_id(),
    Column("instrument_id", Text, primary_key=True, index=True),
)

GROUP_EPISODES = Table(
    "group_episodes",
    METADATA,
    _group_id(),
    Column("number", Integer, primary_key=True),
    Column("document", Text, nullable=False),
)

GROUP_EVIDENCE = Table(
    "group_evidence",
    METADATA,
    _group_id(),
    Column("graph", Text, nullable=False),
    Column("lag_histogram", Text, nullable=False),
    Column("timeline", Text, nullable=False),
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("dataset", Text, primary_key=True, index=True),
    Column("run_number", Integer, ForeignKey("runs.number"), nullable=False),
    Column("owner_id", Text),
    Column("firm_id", Text),
    Column("document", Text, nullable=False),
)
