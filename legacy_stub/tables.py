"""The legacy product's tables.

`customers` is what the product has always had. The other three came with the sidecar: what the
pre-processing unit hands over, the ledger of what was handed over, and the scores that came back.
"""

import datetime as dt
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

FEATURES: Final[dict[str, type[Integer] | type[Float[float]] | type[Text]]] = {
    "female": Integer,
    "senior_citizen": Integer,
    "partner": Integer,
    "dependents": Integer,
    "tenure": Integer,
    "phone_service": Integer,
    "multiple_lines": Text,
    "internet_service": Text,
    "online_security": Text,
    "online_backup": Text,
    "device_protection": Text,
    "tech_support": Text,
    "streaming_tv": Text,
    "streaming_movies": Text,
    "contract": Text,
    "paperless_billing": Integer,
    "payment_method": Text,
    "monthly_charges": Float,
    "total_charges": Float,
}
"""The facts about a customer that may foretell whether they leave: name and column type."""

LABEL: Final = "churn"
"""Whether the customer left, as far as past months tell: `Yes` or `No`."""

DATASET: Final = "churn"
"""The name of the prepared data set in `prepared_data`."""


class Instant(TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite, which forgets time zones, gets it back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        """Return the moment with its time zone, whatever the database made of it."""
        if value is None or dialect.name != "sqlite":
            return value and value.astimezone(dt.UTC)
        return value.replace(tzinfo=dt.UTC)


def _feature_columns() -> list[Column[object]]:
    """New column objects, for a column belongs to one table; only the first bill may be missing."""
    return [Column(name, kind, nullable=name == "total_charges") for name, kind in FEATURES.items()]


metadata = MetaData()

customers = Table(
    "customers",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("search_key", Text, nullable=False),
    *_feature_columns(),
    Column(LABEL, Text, nullable=False),
)

churn_features = Table(
    "churn_features",
    metadata,
    Column("customer_id", Text, primary_key=True),
    *_feature_columns(),
    Column(LABEL, Text, nullable=False),
)

prepared_data = Table(
    "prepared_data",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("prepared_at", Instant, nullable=False),
    Column("requested_at", Instant),
    Column("job_id", Text),
    Column("job_state", Text),
    Column("progress", Float),
    Column("trained_at", Instant),
    Column("version", Text),
    Column("outcome", Text),
    Column("problem", Text),
    Column("scored_at", Instant),
)

churn_scores = Table(
    "churn_scores",
    metadata,
    Column("customer_id", Text, primary_key=True),
    Column("churn", Text, nullable=False),
    Column("probability", Float, index=True),
    Column("version", Text),
    Column("degraded", Boolean, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("scored_at", Instant, nullable=False),
)
