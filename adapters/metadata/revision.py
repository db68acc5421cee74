"""The registry revision, and what all tenants serve at it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from minerva.adapters.metadata.tables import (
    AliasChangeRow,
    ConfigurationRow,
    RegistryRow,
    VersionRow,
    record,
)
from minerva.adapters.metadata.tenancy import Database
from minerva.layers.abstraction.registry.records import (
    CHALLENGER,
    CHAMPION,
    SHADOW,
    STANDBY,
    Configuration,
    Served,
    Version,
)


def lock_registry(session: Session) -> RegistryRow:
    """Put the registry's writers in line until the transaction ends, and return the row to bump.

    What is read after this line is what the writer before left, so numbers can be given out.
    """
    return session.scalars(select(RegistryRow).with_for_update()).one()


class SqlRevisionStore:
    """See the port `RevisionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self) -> int:
        """See the port."""
        with self._database.every_tenant() as session:
            return session.scalars(select(RegistryRow.revision)).one()

    def served(self) -> tuple[int, Sequence[Served]]:
        """See the port; one statement, so one snapshot at every isolation level."""
        with self._database.every_tenant() as session:
            rows = session.execute(_snapshot()).all()
            served = [_served(row) for row in rows if row[1] is not None]
            return rows[0][0], sorted(served, key=_name)


def _served(row: Sequence[Any]) -> Served:
    _, configuration, champion, challenger, share, shadow, standby = row
    return Served(
        record(Configuration, configuration),
        champion=_version(champion),
        challenger=_version(challenger),
        share=0.0 if challenger is None else share or 0.0,
        shadow=_version(shadow),
        standby=_version(standby),
    )


def _version(row: VersionRow | None) -> Version | None:
    return None if row is None else record(Version, row)


@cache
def _snapshot() -> Select[*tuple[Any, ...]]:
    """Select the revision once for each service, and once if there is no service at all."""
    configuration = aliased(ConfigurationRow)
    query = (
        select(RegistryRow.revision, configuration)
        .select_from(RegistryRow)
        .outerjoin(configuration, configuration.revision == _newest(configuration))
    )
    for alias in (CHAMPION, CHALLENGER, SHADOW, STANDBY):
        change, version = aliased(AliasChangeRow), aliased(VersionRow)
        query = query.outerjoin(change, _standing(change, configuration, alias))
        query = query.outerjoin(version, _named(version, change)).add_columns(version)
        if alias == CHALLENGER:
            query = query.add_columns(change.share)
    return query


def _standing(
    change: type[AliasChangeRow], configuration: type[ConfigurationRow], alias: str
) -> ColumnElement[bool]:
    """Match the movement that brought a service's alias where it is."""
    return and_(
        change.tenant == configuration.tenant,
        change.service == configuration.service,
        change.alias == alias,
        change.position == _last(change),
    )


def _named(version: type[VersionRow], change: type[AliasChangeRow]) -> ColumnElement[bool]:
    """Match the version that a movement led to; none if it took the alias away."""
    return and_(
        version.tenant == change.tenant,
        version.service == change.service,
        version.number == change.number,
    )


def _newest(configuration: type[ConfigurationRow]) -> ScalarSelect[int]:
    """Select the newest revision of the same service."""
    other = aliased(ConfigurationRow)
    same = (other.tenant == configuration.tenant, other.service == configuration.service)
    return select(func.max(other.revision)).where(*same).correlate(configuration).scalar_subquery()


def _last(change: type[AliasChangeRow]) -> ScalarSelect[int]:
    """Select the position of the last movement of the same alias."""
    other = aliased(AliasChangeRow)
    same = (
        other.tenant == change.tenant,
        other.service == change.service,
        other.alias == change.alias,
    )
    return select(func.max(other.position)).where(*same).correlate(change).scalar_subquery()


def _name(served: Served) -> tuple[str, str]:
    return served.configuration.tenant, served.configuration.service
