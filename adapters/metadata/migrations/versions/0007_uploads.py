"""Data that callers send, and which jobs need it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add what uploads need."""
    op.create_table(
        "uploads",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("service", sa.String, nullable=False),
        sa.Column("layout", sa.JSON, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String),
        sa.Column("rows", sa.BigInteger),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("touched_at", TIME, nullable=False),
    )
    op.create_index("ix_uploads_tenant", "uploads", ["tenant"])
    op.create_index("ix_uploads_touched_at", "uploads", ["touched_at"])
    op.create_table(
        "upload_uses",
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("upload_id", sa.String, primary_key=True),
        sa.Column("job_id", sa.String, primary_key=True),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_upload_uses_uploads"),
    )
