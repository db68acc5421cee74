"""The registry revision, and what all tenants serve at it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, select, tuple_
from sqlalchemy.orm import aliased

from minerva.adapters.metadata.changes import changed_since
from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.tables import (
    AliasChangeRow,
    ConfigurationRow,
    RegistryRow,
    VersionRow,
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
    as_served,
)


class SqlRevisionStore:
    """See the port `RevisionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self) -> int:
        """See the port."""
        with self._database.glance() as session:
            return session.scalars(select(RegistryRow.revision)).one()

    def served(self) -> tuple[int, Sequence[Served]]:
        """See the port; one statement, so one snapshot at every isolation level."""
        with self._database.every_tenant() as session:
            rows = session.execute(_snapshot()[1]).all()
            served = [_served(row) for row in rows if row[1] is not None]
            return rows[0][0], sorted(served, key=_name)

    def served_since(self, revision: int) -> tuple[int, Sequence[Served]] | None:
        """See the port; what changes between its two statements has a later revision, and is read again."""
        with self._database.every_tenant() as session:
            found = changed_since(session, revision)
            if found is None or not found[1]:
                return None if found is None else (found[0], [])
            configuration, query = _snapshot()
            theirs = tuple_(configuration.tenant, configuration.service).in_(found[1])
            served = [_served(row) for row in session.execute(query.where(theirs)).all()]
            return found[0], sorted(served, key=_name)

    def declared(self) -> tuple[int, Sequence[Configuration]]:
        """See the port; one statement, as `served`."""
        with self._database.every_tenant() as session:
            rows = session.execute(_declared()).all()
            found = [record(Configuration, row[1]) for row in rows if row[1] is not None]
            return rows[0][0], sorted(found, key=lambda one: (one.tenant, one.service))


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
    return None if row is None else as_served(record(Version, row))


@cache
def _snapshot() -> tuple[type[ConfigurationRow], Select[*tuple[Any, ...]]]:
    """Select the revision once for each service, and once if there is no service at all."""
    configuration = aliased(ConfigurationRow)
    query = _configurations(configuration)
    for alias in (CHAMPION, CHALLENGER, SHADOW, STANDBY):
        change, version = aliased(AliasChangeRow), aliased(VersionRow)
        query = query.outerjoin(change, _standing(change, configuration, alias))
        query = query.outerjoin(version, _named(version, change)).add_columns(version)
        if alias == CHALLENGER:
            query = query.add_columns(change.share)
    return configuration, query


@cache
def _declared() -> Select[*tuple[Any, ...]]:
    """Select the same, without any version."""
    return _configurations(aliased(ConfigurationRow))


def _configurations(configuration: type[ConfigurationRow]) -> Select[*tuple[Any, ...]]:
    return (
        select(RegistryRow.revision, configuration)
        .select_from(RegistryRow)
        .outerjoin(configuration, configuration.revision == _newest(configuration))
    )


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
