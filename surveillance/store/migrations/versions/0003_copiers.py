"""Create the tables of the copiers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "copiers",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("leader_account_id", sa.Text(), nullable=False),
        sa.Column("n_followers", sa.BigInteger(), nullable=False),
        sa.Column("plan_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("checked_time_ns", sa.BigInteger()),
        sa.Column("is_refused", sa.Boolean()),
        sa.Column("is_running", sa.Boolean(), nullable=False),
        sa.Column("seen_time_ns", sa.BigInteger()),
        sa.Column("obeyed_command", sa.BigInteger(), nullable=False),
        sa.Column("n_commands", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("checked", sa.Text()),
        sa.Column("view", sa.Text()),
        sa.PrimaryKeyConstraint("plan_id", name="pk_copiers"),
    )
    op.create_table(
        "copier_commands",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("command_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("time_ns", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.Text()),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["copiers.plan_id"], name="fk_copier_commands_plan_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "command_id", name="pk_copier_commands"),
        sa.UniqueConstraint("plan_id", "request_key", name="uq_copier_commands_request_key"),
    )


def downgrade() -> None:
    op.drop_table("copier_commands")
    op.drop_table("copiers")
