"""Create the tables of what runs find."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_runs"),
        sa.UniqueConstraint("run_id", name="uq_runs_run_id"),
    )
    op.create_table(
        "placebo",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("tolerated", sa.Double(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.run_id"], name="fk_placebo_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "tolerated", name="pk_placebo"),
    )
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("run_number", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Text()),
        sa.Column("firm_id", sa.Text()),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_number"], ["runs.number"], name="fk_accounts_run_number"),
        sa.PrimaryKeyConstraint("account_id", "dataset", name="pk_accounts"),
    )
    op.create_index("ix_accounts_dataset", "accounts", ["dataset"])
    _create_groups()
    _create_group_parts()


def _create_groups() -> None:
    op.create_table(
        "groups",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("subtype", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("recommended_action", sa.Text(), nullable=False),
        sa.Column("leader_account_id", sa.Text()),
        sa.Column("n_members", sa.Integer(), nullable=False),
        sa.Column("log10_e", sa.Double(), nullable=False),
        sa.Column("lag_median_ms", sa.Double()),
        sa.Column("n_episodes", sa.Integer(), nullable=False),
        sa.Column("last_time_ns", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_groups_run_id"),
        sa.PrimaryKeyConstraint("group_id", name="pk_groups"),
    )
    op.create_index("ix_groups_dataset", "groups", ["dataset"])
    op.create_index("ix_groups_run_id", "groups", ["run_id"])
    op.create_index("ix_groups_priority", "groups", ["priority", "log10_e", "group_id"])


def _create_group_parts() -> None:
    _create_group_part(
        "group_members",
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text()),
        sa.Column("firm_id", sa.Text()),
        key="place",
    )
    op.create_index("ix_group_members_account_id", "group_members", ["account_id"])
    op.create_index("ix_group_members_firm_id", "group_members", ["firm_id"])
    _create_group_part(
        "group_instruments",
        sa.Column("instrument_id", sa.Text(), nullable=False),
        key="instrument_id",
    )
    op.create_index("ix_group_instruments_instrument_id", "group_instruments", ["instrument_id"])
    _create_group_part(
        "group_episodes",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        key="number",
    )
    _create_group_part(
        "group_evidence",
        sa.Column("graph", sa.Text(), nullable=False),
        sa.Column("lag_histogram", sa.Text(), nullable=False),
        sa.Column("timeline", sa.Text(), nullable=False),
    )


def _create_group_part(name: str, *columns: sa.Column[object], key: str | None = None) -> None:
    op.create_table(
        name,
        sa.Column("group_id", sa.Text(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.group_id"], name=f"fk_{name}_group_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(*(["group_id", key] if key else ["group_id"]), name=f"pk_{name}"),
    )


def downgrade() -> None:
    for name in (
        "group_evidence",
        "group_episodes",
        "group_instruments",
        "group_members",
        "groups",
        "accounts",
        "placebo",
        "runs",
    ):
        op.drop_table(name)
