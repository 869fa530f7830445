"""Create the tables of the live streams."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "live_streams",
        sa.Column("stream", sa.Text(), nullable=False),
        _count("epoch"),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("watermark_ns", sa.BigInteger()),
        sa.Column("newest_ns", sa.BigInteger()),
        sa.Column("committed_time_ns", sa.BigInteger()),
        _count("n_segments"),
        _count("n_rows"),
        _count("n_dead_letters"),
        _count("n_replays"),
        _count("n_outbox"),
        sa.PrimaryKeyConstraint("stream", name="pk_live_streams"),
    )
    _create_part(
        "live_snapshots",
        _count("time_ns"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    _create_part(
        "live_positions",
        sa.Column("topic", sa.Text(), nullable=False),
        _count("partition"),
        _count("next_offset"),
        key=("topic", "partition"),
    )
    _create_part(
        "live_segments",
        _count("number"),
        _count("first_ns"),
        _count("last_ns"),
        _count("n_rows"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        key=("number",),
    )
    _create_part(
        "live_counts",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        _count("n_read"),
        _count("n_accepted"),
        _count("n_duplicates"),
        _count("n_late"),
        _count("n_dead"),
        key=("topic", "day"),
    )
    _create_part(
        "live_reference",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        key=("table_name", "key"),
    )
    _create_dead_letters()
    _create_outbox()


def _create_dead_letters() -> None:
    _create_part(
        "live_dead_letters",
        _count("number"),
        sa.Column("topic", sa.Text(), nullable=False),
        _count("partition"),
        _count("message_offset"),
        sa.Column("row_number", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("message_key", sa.LargeBinary()),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("replay_number", sa.BigInteger()),
        sa.Column("value", sa.LargeBinary()),
        sa.UniqueConstraint("stream", "replay_number", name="uq_live_dead_letters_replay_number"),
        key=("number",),
    )
    for column in ("reason", "topic"):
        op.create_index(f"ix_live_dead_letters_{column}", "live_dead_letters", ["stream", column])


def _create_outbox() -> None:
    _create_part(
        "live_outbox",
        _count("number"),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("pending", sa.BigInteger()),
        sa.UniqueConstraint("stream", "identity", name="uq_live_outbox_identity"),
        sa.UniqueConstraint("stream", "pending", name="uq_live_outbox_pending"),
        key=("number",),
    )
    _create_part(
        "live_acknowledged",
        sa.Column("topic", sa.Text(), nullable=False),
        _count("partition"),
        _count("last_offset"),
        key=("topic", "partition"),
    )


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _create_part(name: str, *columns: sa.schema.SchemaItem, key: tuple[str, ...] = ()) -> None:
    op.create_table(
        name,
        sa.Column("stream", sa.Text(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["stream"], ["live_streams.stream"], name=f"fk_{name}_stream", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stream", *key, name=f"pk_{name}"),
    )


def downgrade() -> None:
    for name in (
        "live_acknowledged",
        "live_outbox",
        "live_dead_letters",
        "live_reference",
        "live_counts",
        "live_segments",
        "live_positions",
        "live_snapshots",
        "live_streams",
    ):
        op.drop_table(name)
