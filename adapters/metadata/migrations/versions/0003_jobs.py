"""Jobs with queues, priorities, parts, pauses and limits; the logs of their attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add what is new; jobs that are there wait in the queue `train`, as they did."""
    new = (
        sa.Column("queue", sa.String(16), nullable=False, server_default="train"),
        sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
        sa.Column("rank", sa.Integer, nullable=False, server_default="0"),
        sa.Column("parent", sa.String),
        sa.Column("callback_url", sa.String),
        sa.Column("not_before", TIME),
        sa.Column("rested_at", TIME),
        sa.Column("request", sa.String),
        sa.Column("limits", sa.JSON),
        sa.Column("seconds_left", sa.Double),
        sa.Column("open_parts", sa.Integer, nullable=False, server_default="0"),
    )
    for column in new:
        op.add_column("jobs", column)
    op.create_index(
        "ix_jobs_order",
        "jobs",
        ["state", "queue", "rank", "created_at", "id"],
    )
    op.create_index("ix_jobs_parent", "jobs", ["parent"])
    op.create_table(
        "job_logs",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("job_id", sa.String, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.String, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
    )
