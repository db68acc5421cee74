"""Which service each registry revision changed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the table; what changed before is not known, so that everything is read once."""
    op.create_table(
        "registry_changes",
        sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.String),
        sa.Column("service", sa.String),
    )
