"""Revisions of services' declarations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from minerva.adapters.metadata.changes import bump, lock_registry
from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.tables import ConfigurationRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict
from minerva.layers.abstraction.registry.records import Configuration


class SqlConfigurationStore:
    """See the port `ConfigurationStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def declare(
        self,
        tenant: str,
        service: str,
        digest: str,
        declaration: dict[str, Any],
        author: str,
        now: datetime,
        reason: str = "",
    ) -> Configuration:
        """See the port."""
        known = self.latest(tenant, service)
        if known is not None and known.origin == digest:
            return known  # what each start does: no writer waits for it
        with self._database.tenant(tenant, write=True) as session:
            registry = lock_registry(session)
            newest = newest_of(session, service)
            if newest is None or newest.origin != digest:
                newest = ConfigurationRow(
                    tenant=tenant,
                    service=service,
                    revision=1 if newest is None else newest.revision + 1,
                    digest=digest,
                    declaration=declaration,
                    author=author,
                    created_at=now,
                    origin=digest,
                    reason=reason,
                )
                session.add(newest)
                bump(session, registry, (tenant, service))
        return record(Configuration, newest)

    def derive(
        self,
        newest: Configuration,
        digest: str,
        declaration: dict[str, Any],
        author: str,
        now: datetime,
        reason: str,
    ) -> Configuration:
        """See the port."""
        with self._database.tenant(newest.tenant, write=True) as session:
            registry = lock_registry(session)
            known = demand_newest(newest_of(session, newest.service), newest.revision)
            row = derived_from(known, digest, declaration, author, now, reason)
            session.add(row)
            bump(session, registry, (newest.tenant, newest.service))
        return record(Configuration, row)

    def latest(self, tenant: str, service: str) -> Configuration | None:
        """See the port."""
        with self._database.tenant(tenant) as session:
            row = newest_of(session, service)
            return None if row is None else record(Configuration, row)

    def get(self, tenant: str, service: str, revision: int) -> Configuration | None:
        """See the port."""
        with self._database.tenant(tenant) as session:
            row = session.scalar(
                select(ConfigurationRow).where(
                    ConfigurationRow.service == service, ConfigurationRow.revision == revision
                )
            )
            return None if row is None else record(Configuration, row)

    def list(self, tenant: str, service: str) -> Sequence[Configuration]:
        """See the port."""
        query = (
            select(ConfigurationRow)
            .where(ConfigurationRow.service == service)
            .order_by(ConfigurationRow.revision.desc())
        )
        with self._database.tenant(tenant) as session:
            return [record(Configuration, row) for row in session.scalars(query)]

    def list_latest(self, tenant: str) -> Sequence[Configuration]:
        """See the port."""
        other = aliased(ConfigurationRow)
        newest = (
            select(func.max(other.revision))
            .where(other.service == ConfigurationRow.service)
            .scalar_subquery()
        )
        with self._database.tenant(tenant) as session:
            rows = session.scalars(
                select(ConfigurationRow).where(ConfigurationRow.revision == newest)
            )
            # sorted here: databases disagree about the order of texts
            return sorted((record(Configuration, row) for row in rows), key=lambda c: c.service)


def demand_newest(known: ConfigurationRow | None, newest: int) -> ConfigurationRow:
    """Return the newest revision's row. Raises Conflict if it is another than the caller has seen."""
    if known is None or known.revision != newest:
        raise Conflict("The service was declared anew at this moment: look at it, and try again.")
    return known


def derived_from(
    known: ConfigurationRow,
    digest: str,
    declaration: dict[str, Any],
    author: str,
    now: datetime,
    reason: str,
) -> ConfigurationRow:
    """Return the row of the next revision, which derives from what this one does."""
    return ConfigurationRow(
        tenant=known.tenant,
        service=known.service,
        revision=known.revision + 1,
        digest=digest,
        declaration=declaration,
        author=author,
        created_at=now,
        origin=known.origin or known.digest,
        reason=reason,
    )


def newest_of(session: Session, service: str) -> ConfigurationRow | None:
    """Return the newest revision of a service of the session's tenant."""
    return session.scalar(
        select(ConfigurationRow)
        .where(ConfigurationRow.service == service)
        .order_by(ConfigurationRow.revision.desc())
        .limit(1)
    )
