"""Trials of tunings, what tunings propose, and which file a configuration derives from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables; every configuration that is there is what its file says."""
    op.add_column("configurations", sa.Column("origin", sa.String))
    op.execute("UPDATE configurations SET origin = digest")
    op.create_table(
        "trials",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("study", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("metrics", sa.JSON),
        sa.Column("steps", sa.JSON),
        sa.Column("error", sa.String),
        sa.Column("finished_at", TIME),
    )
    op.create_table(
        "proposals",
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("service", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("job_id", sa.String, nullable=False),
        sa.Column("configuration_revision", sa.Integer, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer),
        sa.Column("decided_by", sa.String),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("decided_at", TIME),
        sa.UniqueConstraint("tenant", "job_id"),
    )
