"""Versions in quarantine."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.changes import bump, lock_registry
from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.job_states import tell
from minerva.adapters.metadata.tables import QuarantineRow
from minerva.adapters.metadata.tenancy import Database
from minerva.adapters.metadata.versions import find_version
from minerva.layers.abstraction.registry.records import Quarantine
from minerva.layers.abstraction.webhooks.happening import of_quarantine


class SqlQuarantineStore:
    """See the port `QuarantineStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, quarantine: Quarantine) -> bool:
        """See the port."""
        service, number = quarantine.service, quarantine.number
        with self._database.tenant(quarantine.tenant, write=True) as session:
            registry = lock_registry(session)
            find_version(session, service, number)
            if find_quarantine(session, service, number) is not None:
                return False
            session.add(QuarantineRow(**asdict(quarantine)))
            bump(session, registry, (quarantine.tenant, service))
            tell(session, of_quarantine(quarantine))
        return True

    def remove(self, tenant: str, service: str, number: int) -> Quarantine | None:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            registry = lock_registry(session)
            row = session.scalar(_rows(service).where(QuarantineRow.number == number))
            if row is None:
                return None
            session.delete(row)
            bump(session, registry, (tenant, service))
            return record(Quarantine, row)

    def list(self, tenant: str, service: str) -> dict[int, Quarantine]:
        """See the port."""
        with self._database.tenant(tenant) as session:
            rows = session.scalars(_rows(service).order_by(QuarantineRow.number))
            return {row.number: record(Quarantine, row) for row in rows}


def find_quarantine(session: Session, service: str, number: int) -> Quarantine | None:
    """Return why a version may not serve, as this transaction sees it."""
    row = session.scalar(_rows(service).where(QuarantineRow.number == number))
    return None if row is None else record(Quarantine, row)


def _rows(service: str) -> Select[QuarantineRow]:
    return select(QuarantineRow).where(QuarantineRow.service == service)
