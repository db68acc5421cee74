"""Aliases: movable names for versions, and each movement they made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from minerva.adapters.metadata.changes import bump, lock_registry
from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.job_states import tell
from minerva.adapters.metadata.quarantines import find_quarantine
from minerva.adapters.metadata.tables import AliasChangeRow
from minerva.adapters.metadata.tenancy import Database
from minerva.adapters.metadata.versions import find_version
from minerva.errors import NotFound
from minerva.layers.abstraction.registry.records import AliasChange, Version
from minerva.layers.abstraction.registry.refusals import refuse_unfit
from minerva.layers.abstraction.webhooks.happening import of_alias


class SqlAliasStore:
    """See the port `AliasStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def point(  # noqa: PLR0913 - the parts of a movement, each by name
        self,
        tenant: str,
        service: str,
        alias: str,
        number: int | None,
        author: str,
        reason: str,
        now: datetime,
        *,
        share: float | None = None,
        only_from: int | None = None,
        back: bool = False,
    ) -> tuple[AliasChange, bool]:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            registry = lock_registry(session)
            needed = number is None or only_from is not None
            last = _last_movement(session, service, alias, needed=needed)
            if last is not None and only_from is not None and last.number != only_from:
                return record(AliasChange, last), False
            if number is not None:
                _demand_fit(session, service, number)
            if last is not None and (last.number, last.share) == (number, share):
                return record(AliasChange, last), False
            moved = AliasChangeRow(
                tenant=tenant,
                service=service,
                alias=alias,
                position=1 if last is None else last.position + 1,
                number=number,
                previous=None if last is None else last.number,
                author=author,
                reason=reason,
                created_at=now,
                share=share,
                back=back,
            )
            _keep(session, moved)
            bump(session, registry, (tenant, service))
        return record(AliasChange, moved), True

    def current(self, tenant: str, service: str) -> dict[str, int]:
        """See the port."""
        changes = self.latest(tenant, service).values()
        return {change.alias: change.number for change in changes if change.number is not None}

    def latest(self, tenant: str, service: str) -> dict[str, AliasChange]:
        """See the port."""
        other = aliased(AliasChangeRow)
        newest = (
            select(func.max(other.position))
            .where(other.service == AliasChangeRow.service, other.alias == AliasChangeRow.alias)
            .scalar_subquery()
        )
        with self._database.tenant(tenant) as session:
            rows = session.scalars(
                select(AliasChangeRow).where(
                    AliasChangeRow.service == service,
                    AliasChangeRow.position == newest,
                    AliasChangeRow.number.is_not(None),
                )
            )
            changes = [record(AliasChange, row) for row in rows]
        # sorted here: databases disagree about the order of texts
        return {change.alias: change for change in sorted(changes, key=lambda one: one.alias)}

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


def _keep(session: Session, moved: AliasChangeRow) -> None:
    """Add a movement, and tell of it whoever wants to hear."""
    session.add(moved)
    tell(session, of_alias(record(AliasChange, moved), moved.position))


def _last_movement(
    session: Session, service: str, alias: str, *, needed: bool
) -> AliasChangeRow | None:
    last = session.scalar(_movements(service, alias).limit(1))
    if last is None and needed:
        raise NotFound(f"Service {service!r} has no {alias}.")
    return last


def _demand_fit(session: Session, service: str, number: int) -> None:
    """Look again, now that nobody else writes: what was fit when it was asked may not be now."""
    version = record(Version, find_version(session, service, number))
    refuse_unfit(version, find_quarantine(session, service, number))
