"""Parts of jobs take the place of the job that they belong to."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

ORDER = "ix_jobs_order"


def upgrade() -> None:
    """Add the moment that counts for the order, and put it into the index."""
    op.add_column("jobs", sa.Column("accepted_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE jobs SET accepted_at = coalesce("
        "(SELECT whole.created_at FROM jobs AS whole WHERE whole.id = jobs.parent), created_at)"
    )
    op.drop_index(ORDER, "jobs")
    op.create_index(ORDER, "jobs", ["state", "queue", "rank", "accepted_at", "created_at", "id"])
