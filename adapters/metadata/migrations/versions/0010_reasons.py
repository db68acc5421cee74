"""Why a configuration was changed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column; nobody said why until now."""
    op.add_column(
        "configurations",
        sa.Column("reason", sa.String, nullable=False, server_default=sa.text("''")),
    )
