"""Immutable model versions, numbered within their service."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from minerva.adapters.metadata.changes import bump, lock_registry
from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.tables import AliasChangeRow, VersionRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import NotFound
from minerva.layers.abstraction.registry.records import NewVersion, Version


class SqlVersionStore:
    """See the port `VersionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, version: NewVersion) -> Version:
        """See the port."""
        with self._database.tenant(version.tenant, write=True) as session:
            registry = lock_registry(session)
            row = _same(session, version)
            if row is None:
                given = {field.name: getattr(version, field.name) for field in fields(NewVersion)}
                row = VersionRow(**given, number=_last_number(session, version.service) + 1)
                session.add(row)
                bump(session, registry, (version.tenant, version.service))
            elif row.pruned_at is not None and row.digest == version.digest:
                row.pruned_at = None  # its content has come back
                bump(session, registry, (version.tenant, version.service))
        return record(Version, row)

    def get(self, tenant: str, service: str, number: int) -> Version | None:
        """See the port."""
        with self._database.tenant(tenant) as session:
            row = session.scalar(
                select(VersionRow).where(VersionRow.service == service, VersionRow.number == number)
            )
            return None if row is None else record(Version, row)

    def list(self, tenant: str, service: str) -> Sequence[Version]:
        """See the port."""
        with self._database.tenant(tenant) as session:
            rows = session.scalars(
                select(VersionRow)
                .where(VersionRow.service == service)
                .order_by(VersionRow.number.desc())
            )
            return [record(Version, row) for row in rows]

    def prune(
        self, tenant: str, service: str, numbers: Collection[int], now: datetime
    ) -> Sequence[Version]:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            lock_registry(session)  # so that nobody promotes one of them meanwhile
            rows = session.scalars(_prunable(service, numbers)).all()
            for row in rows:
                row.pruned_at = now
        return [record(Version, row) for row in rows]

    def digests_in_use(self) -> set[str]:
        """See the port."""
        kept = select(VersionRow.digest).where(VersionRow.pruned_at.is_(None)).distinct()
        with self._database.every_tenant() as session:
            return set(session.scalars(kept))


def find_version(session: Session, service: str, number: int) -> VersionRow:
    """Return a version as this transaction sees it. Raises NotFound."""
    found = session.scalar(
        select(VersionRow).where(VersionRow.service == service, VersionRow.number == number)
    )
    if found is None:
        raise NotFound(
            f"Service {service} has no version {number}: `minerva versions {service}` lists them."
        )
    return found


def _prunable(service: str, numbers: Collection[int]) -> Select[VersionRow]:
    """Select, newest first, those that are there and that no alias names."""
    other = aliased(AliasChangeRow)
    last = (
        select(func.max(other.position))
        .where(other.service == AliasChangeRow.service, other.alias == AliasChangeRow.alias)
        .correlate(AliasChangeRow)
        .scalar_subquery()
    )
    named = select(AliasChangeRow.number).where(
        AliasChangeRow.service == service,
        AliasChangeRow.position == last,
        AliasChangeRow.number.is_not(None),
    )
    return (
        select(VersionRow)
        .where(
            VersionRow.service == service,
            VersionRow.number.in_(numbers),
            VersionRow.pruned_at.is_(None),
            VersionRow.number.not_in(named),
        )
        .order_by(VersionRow.number.desc())
    )


def _same(session: Session, version: NewVersion) -> VersionRow | None:
    """Return what is already registered of this job, else of this content."""
    same = VersionRow.digest == version.digest
    if version.job_id is not None:
        same = or_(same, VersionRow.job_id == version.job_id)
    found = session.scalars(select(VersionRow).where(VersionRow.service == version.service, same))
    return min(found, key=lambda row: (row.job_id != version.job_id, row.number), default=None)


def _last_number(session: Session, service: str) -> int:
    last = session.scalar(select(func.max(VersionRow.number)).where(VersionRow.service == service))
    return last or 0
