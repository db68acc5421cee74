"""Truths whose predictions are not recorded, or not yet."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "waiting_truths",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("service", sa.String, primary_key=True),
        sa.Column("subject", sa.String, primary_key=True),
        sa.Column("request_id", sa.String),
        sa.Column("row", sa.Integer),
        sa.Column("key", sa.String),
        sa.Column("truth", sa.String, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("dated", sa.Boolean, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
    )
    op.create_index("ix_waiting_truths_received_at", "waiting_truths", ["received_at"])
