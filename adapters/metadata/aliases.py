"""Aliases: movable names for versions, and each movement they made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from minerva.adapters.metadata.revision import lock_registry
from minerva.adapters.metadata.tables import AliasChangeRow, VersionRow, record
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import NotFound
from minerva.layers.abstraction.registry.records import AliasChange


class SqlAliasStore:
    """See the port `AliasStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def point(
        self,
        tenant: str,
        service: str,
        alias: str,
        number: int,
        author: str,
        reason: str,
        now: datetime,
    ) -> AliasChange:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            registry = lock_registry(session)
            _demand_version(session, service, number)
            last = session.scalar(_movements(service, alias).limit(1))
            if last is None or last.number != number:
                last = AliasChangeRow(
                    tenant=tenant,
                    service=service,
                    alias=alias,
                    position=1 if last is None else last.position + 1,
                    number=number,
                    previous=None if last is None else last.number,
                    author=author,
                    reason=reason,
                    created_at=now,
                )
                session.add(last)
                registry.revision += 1
        return record(AliasChange, last)

    def current(self, tenant: str, service: str) -> dict[str, int]:
        """See the port."""
        other = aliased(AliasChangeRow)
        newest = (
            select(func.max(other.position))
            .where(other.service == AliasChangeRow.service, other.alias == AliasChangeRow.alias)
            .scalar_subquery()
        )
        with self._database.tenant(tenant) as session:
            changes = session.scalars(
                select(AliasChangeRow).where(
                    AliasChangeRow.service == service, AliasChangeRow.position == newest
                )
            )
            return dict(sorted((change.alias, change.number) for change in changes))

    def history(self, tenant: str, service: str, alias: str) -> Sequence[AliasChange]:
        """See the port."""
        with self._database.tenant(tenant) as session:
            return [record(AliasChange, row) for row in session.scalars(_movements(service, alias))]


def _movements(service: str, alias: str) -> Select[AliasChangeRow]:
    return (
        select(AliasChangeRow)
        .where(AliasChangeRow.service == service, AliasChangeRow.alias == alias)
        .order_by(AliasChangeRow.position.desc())
    )


def _demand_version(session: Session, service: str, number: int) -> None:
    found = session.scalar(
        select(VersionRow.number).where(VersionRow.service == service, VersionRow.number == number)
    )
    if found is None:
        raise NotFound(
            f"Service {service} has no version {number}: `minerva versions {service}` lists them."
        )
