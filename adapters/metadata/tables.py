"""The tables, as SQLAlchemy models; `migrations/` makes them, and a test holds the two together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Double,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from minerva.adapters.metadata.columns import COUNTER, Base, TenantOwned
from minerva.layers.abstraction.jobs.job import JobState, Queue
from minerva.layers.abstraction.tuning.proposal import ProposalState
from minerva.layers.abstraction.tuning.trial import TrialState


class RegistryRow(Base):
    """The registry revision: one row, whose lock also puts the registry's writers in line."""

    __tablename__ = "registry"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)


class InstallationRow(Base):
    """Whose database it is: the release that was the first to name itself. At most one row."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    release: Mapped[str]


class RegistryChangeRow(Base):
    """What one registry revision changed: a tenant's service, or nothing that is served."""

    __tablename__ = "registry_changes"

    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tenant: Mapped[str | None]
    service: Mapped[str | None]


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
    reason: Mapped[str] = mapped_column(server_default=text("''"))


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


class InferenceRow(TenantOwned, Base):
    """See `InferenceRecord`."""

    __tablename__ = "inferences"
    __table_args__ = (
        Index(None, "tenant", "service", "at"),
        Index(None, "tenant", "request_id"),
        Index("ix_inferences_key", "tenant", "service", "key", "at"),
        Index(
            "ix_inferences_truth",
            "tenant",
            "service",
            "truth_at",
            sqlite_where=text("truth_at IS NOT NULL"),
            postgresql_where=text("truth_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(COUNTER, primary_key=True, sort_order=-2)
    service: Mapped[str]
    request_id: Mapped[str]
    row: Mapped[int]
    version: Mapped[int | None]
    key: Mapped[str | None]
    at: Mapped[datetime]
    ms: Mapped[float] = mapped_column(Double)
    degraded: Mapped[bool]
    shadow: Mapped[bool]
    features: Mapped[str | None]
    answer: Mapped[str]
    truth: Mapped[str | None]
    truth_at: Mapped[datetime | None]


class WaitingTruthRow(TenantOwned, Base):
    """See `Waiting`; `subject` stands for what the truth is about."""

    __tablename__ = "waiting_truths"
    __table_args__ = (Index(None, "received_at"),)

    tenant: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str | None]
    row: Mapped[int | None]
    key: Mapped[str | None]
    truth: Mapped[str]
    at: Mapped[datetime]
    dated: Mapped[bool]
    received_at: Mapped[datetime]


METADATA = Base.metadata
"""All of these tables."""
OWNED_TABLES = frozenset(
    str(getattr(mapper.local_table, "name", ""))
    for mapper in Base.registry.mappers
    if issubclass(mapper.class_, TenantOwned)
)
"""Names of those whose rows belong to tenants."""
