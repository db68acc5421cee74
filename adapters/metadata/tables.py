"""The tables, as SQLAlchemy models; `migrations/` makes them, and a test holds the two together."""

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
    Double,
    Enum,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
    false,
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


class RegistryRow(Base):
    """The registry revision: one row, whose lock also puts the registry's writers in line."""

    __tablename__ = "registry"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)


class ConfigurationRow(TenantOwned, Base):
    """See `Configuration`."""

    __tablename__ = "configurations"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    declaration: Mapped[dict[str, Any]]
    author: Mapped[str]
    created_at: Mapped[datetime]
    origin: Mapped[str | None]


class VersionRow(TenantOwned, Base):
    """See `Version`."""

    __tablename__ = "versions"
    __table_args__ = (
        UniqueConstraint("tenant", "service", "digest"),
        UniqueConstraint("tenant", "service", "job_id"),
    )

    tenant: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    manifest: Mapped[dict[str, Any]]
    metrics: Mapped[dict[str, float]]
    configuration_revision: Mapped[int]
    job_id: Mapped[str | None]
    created_at: Mapped[datetime]
    pruned_at: Mapped[datetime | None]


class AliasChangeRow(TenantOwned, Base):
    """See `AliasChange`; `position` counts the movements of one alias from 1.

    A movement that took the alias away names no version, and refers to none.
    """

    __tablename__ = "alias_changes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant", "service", "number"],
            ["versions.tenant", "versions.service", "versions.number"],
        ),
    )

    tenant: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int | None]
    previous: Mapped[int | None]
    author: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    share: Mapped[float | None] = mapped_column(Double)
    back: Mapped[bool] = mapped_column(default=False, server_default=false())


class QuarantineRow(TenantOwned, Base):
    """See `Quarantine`."""

    __tablename__ = "quarantines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant", "service", "number"],
            ["versions.tenant", "versions.service", "versions.number"],
        ),
    )

    tenant: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]


class JobRow(TenantOwned, Base):
    """See `Job`; the lease and when it was last sent are the workers' own business."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("tenant", "idempotency_key"),
        Index(None, "tenant", "created_at"),
        Index(None, "state", "lease_until"),
        Index("ix_jobs_order", "state", "queue", "rank", "accepted_at", "created_at", "id"),
        Index(None, "parent"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    configuration_revision: Mapped[int]
    author: Mapped[str]
    idempotency_key: Mapped[str | None]
    request_id: Mapped[str]
    trace_id: Mapped[str]
    max_attempts: Mapped[int]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    """Its place in the order: when it was made, or the job of which it is a part was."""
    queue: Mapped[Queue] = mapped_column(server_default="train")
    priority: Mapped[int] = mapped_column(server_default="0")
    rank: Mapped[int] = mapped_column(server_default="0")
    """The priority turned round, so that an index holds jobs in the order in which they run."""
    parent: Mapped[str | None]
    callback_url: Mapped[str | None]
    not_before: Mapped[datetime | None]
    rested_at: Mapped[datetime | None]
    """When it began to rest until `not_before`: in the future, if the clock was set back since."""
    request: Mapped[str | None]
    limits: Mapped[dict[str, Any] | None]
    """None: a job from before there were limits in its row."""
    state: Mapped[JobState]
    attempt: Mapped[int]
    progress: Mapped[float] = mapped_column(Double)
    message: Mapped[str]
    seconds_left: Mapped[float | None] = mapped_column(Double)
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    cancel_requested: Mapped[bool]
    open_parts: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    lease_token: Mapped[str | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class JobEventRow(TenantOwned, Base):
    """See `JobEvent`."""

    __tablename__ = "job_events"
    __table_args__ = (ForeignKeyConstraint(["job_id"], ["jobs.id"]),)

    job_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    state: Mapped[JobState]
    attempt: Mapped[int]
    message: Mapped[str]


class JobLogRow(TenantOwned, Base):
    """The end of what one attempt of a job printed, so that it can be read on every machine."""

    __tablename__ = "job_logs"
    __table_args__ = (ForeignKeyConstraint(["job_id"], ["jobs.id"]),)

    job_id: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]


class ScheduleRow(TenantOwned, Base):
    """See `Standing`."""

    __tablename__ = "schedules"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    rule: Mapped[str]
    declared: Mapped[bool]
    since: Mapped[datetime]
    moves: Mapped[int]
    job_id: Mapped[str | None]
    fired_at: Mapped[datetime | None]
    error: Mapped[str | None]
    value: Mapped[str | None]


class TrialRow(TenantOwned, Base):
    """See `Trial`."""

    __tablename__ = "trials"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    study: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job_id: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    state: Mapped[TrialState]
    tries: Mapped[int]
    value: Mapped[float | None] = mapped_column(Double)
    metrics: Mapped[dict[str, float] | None]
    steps: Mapped[dict[str, float] | None]
    error: Mapped[str | None]
    finished_at: Mapped[datetime | None]


class ProposalRow(TenantOwned, Base):
    """See `Proposal`."""

    __tablename__ = "proposals"
    __table_args__ = (UniqueConstraint("tenant", "job_id"),)

    tenant: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job_id: Mapped[str]
    configuration_revision: Mapped[int]
    parameters: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]
    author: Mapped[str]
    created_at: Mapped[datetime]
    state: Mapped[ProposalState]
    revision: Mapped[int | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str]
    decided_at: Mapped[datetime | None]


class KeyRow(TenantOwned, Base):
    """See `StoredKey`."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "tenant"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_hash: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SubscriptionRow(TenantOwned, Base):
    """See `Subscription` of webhooks."""

    __tablename__ = "webhook_subscriptions"
    __table_args__ = (Index(None, "tenant"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    url: Mapped[str]
    events: Mapped[list[str]]
    author: Mapped[str]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str]


class UploadRow(TenantOwned, Base):
    """See `Upload`."""

    __tablename__ = "uploads"
    __table_args__ = (Index(None, "tenant"), Index(None, "touched_at"))

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    layout: Mapped[dict[str, Any]]
    size: Mapped[int | None] = mapped_column(BigInteger)
    held: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str | None]
    rows: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]


class UploadUseRow(TenantOwned, Base):
    """That a job needs an upload."""

    __tablename__ = "upload_uses"
    __table_args__ = (ForeignKeyConstraint(["upload_id"], ["uploads.id"]),)

    upload_id: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(primary_key=True)


def record(kind: type[Record], row: Base) -> Record:
    """Return a row as the frozen record whose fields it has."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})
