"""The registry revision, and what all tenants serve at it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ScalarSelect, Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from minerva.adapters.metadata.tables import (
    AliasChangeRow,
    ConfigurationRow,
    RegistryRow,
    VersionRow,
    record,
)
from minerva.adapters.metadata.tenancy import Database
from minerva.layers.abstraction.registry.records import CHAMPION, Configuration, Served, Version


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
            served = [
                Served(
                    record(Configuration, row[1]),
                    None if row[2] is None else record(Version, row[2]),
                )
                for row in rows
                if row[1] is not None
            ]
            return rows[0][0], sorted(served, key=_name)


def _snapshot() -> Select[int, ConfigurationRow | None, VersionRow | None]:
    """Select the revision once for each service, and once if there is no service at all."""
    configuration, champion = aliased(ConfigurationRow), aliased(AliasChangeRow)
    return (
        select(RegistryRow.revision, configuration, VersionRow)
        .select_from(RegistryRow)
        .outerjoin(configuration, configuration.revision == _newest(configuration))
        .outerjoin(
            champion,
            and_(
                champion.tenant == configuration.tenant,
                champion.service == configuration.service,
                champion.alias == CHAMPION,
                champion.position == _last(champion),
            ),
        )
        .outerjoin(
            VersionRow,
            and_(
                VersionRow.tenant == champion.tenant,
                VersionRow.service == champion.service,
                VersionRow.number == champion.number,
            ),
        )
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
