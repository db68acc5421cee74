"""How schedules and watermarks stand."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table; the first tick of beat fills it from the declarations."""
    op.create_table(
        "schedules",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("service", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("declared", sa.Boolean, nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("moves", sa.Integer, nullable=False),
        sa.Column("job_id", sa.String),
        sa.Column("fired_at", TIME),
        sa.Column("error", sa.String),
        sa.Column("value", sa.String),
    )
