"""Immutable model versions, numbered within their service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.revision import lock_registry
from minerva.adapters.metadata.tables import VersionRow, record
from minerva.adapters.metadata.tenancy import Database
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
                registry.revision += 1
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
