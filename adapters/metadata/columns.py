"""What all tables are made of: the base, tenants' rows, times in UTC, and rows as frozen records."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Integer,
    MetaData,
    String,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from minerva.errors import InvalidInput
from minerva.layers.abstraction.jobs.job import JobState, Queue
from minerva.layers.abstraction.tuning.proposal import ProposalState
from minerva.layers.abstraction.tuning.trial import TrialState

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, UTC out; SQLite itself keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse a naive time: nobody could say which moment it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise InvalidInput("A time without a time zone cannot be kept: use datetime.now(UTC).")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the time zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


COUNTER = BigInteger().with_variant(Integer, "sqlite")
"""Numbers that the database gives; SQLite does so for its own kind of integer only."""


def _texts_of(kind: type[StrEnum]) -> Enum:
    """Return a column of plain text that holds the values of an enumeration."""
    return Enum(
        kind,
        native_enum=False,
        length=16,
        create_constraint=False,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """All tables of the metadata store."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    # JSON, not JSONB: JSONB forgets the order of keys, and a schema's fields have an order
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's declaration
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        dict[str, float]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
        str: String,
        JobState: _texts_of(JobState),
        Queue: _texts_of(Queue),
        TrialState: _texts_of(TrialState),
        ProposalState: _texts_of(ProposalState),
    }


class TenantOwned:
    """Marks rows that belong to a tenant; `tenancy` lets no other tenant see or write them."""

    tenant: Mapped[str] = mapped_column(sort_order=-1)


def record(kind: type[Record], row: Base) -> Record:
    """Return a row as the frozen record whose fields it has."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})
