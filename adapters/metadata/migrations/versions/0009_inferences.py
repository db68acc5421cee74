"""Recorded predictions, and the truth that came later."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TIME = sa.DateTime(timezone=True)
TABLE = "inferences"
KNOWN = sa.text("truth_at IS NOT NULL")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("service", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("key", sa.String),
        sa.Column("at", TIME, nullable=False),
        sa.Column("ms", sa.Double, nullable=False),
        sa.Column("degraded", sa.Boolean, nullable=False),
        sa.Column("shadow", sa.Boolean, nullable=False),
        sa.Column("features", sa.String),
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("truth", sa.String),
        sa.Column("truth_at", TIME),
    )
    op.create_index("ix_inferences_tenant_service_at", TABLE, ["tenant", "service", "at"])
    op.create_index("ix_inferences_tenant_request_id", TABLE, ["tenant", "request_id"])
    op.create_index("ix_inferences_key", TABLE, ["tenant", "service", "key", "at"])
    op.create_index(
        "ix_inferences_truth",
        TABLE,
        ["tenant", "service", "truth_at"],
        sqlite_where=KNOWN,
        postgresql_where=KNOWN,
    )
