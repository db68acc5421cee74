"""Aliases with a share, or taken away; quarantined and pruned versions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add what shares, quarantine and pruning need; what is there stays as it is."""
    op.add_column("versions", sa.Column("pruned_at", TIME))
    with op.batch_alter_table("alias_changes") as table:  # SQLite changes no column in its place
        table.alter_column("number", existing_type=sa.Integer, nullable=True)
        table.add_column(sa.Column("share", sa.Double))
        table.add_column(sa.Column("back", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "quarantines",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("service", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "service", "number"],
            ["versions.tenant", "versions.service", "versions.number"],
        ),
    )
