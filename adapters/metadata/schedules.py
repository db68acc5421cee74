"""How schedules stand, moved by one of many clocks at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.tables import ScheduleRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict
from minerva.layers.abstraction.schedules.store import Standing


class SqlScheduleStore:
    """See the port `ScheduleStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[Standing]:
        """See the port."""
        with self._database.every_tenant() as session:
            return _standings(session)

    def of(self, tenant: str) -> Sequence[Standing]:
        """See the port."""
        with self._database.tenant(tenant) as session:
            return _standings(session)

    def move(self, standing: Standing) -> bool:
        """See the port; the row is locked from the look at it until the transaction ends."""
        try:
            with self._database.tenant(standing.tenant, write=True) as session:
                row = session.scalar(_row(standing).with_for_update())
                if (0 if row is None else row.moves) != standing.moves - 1:
                    return False
                if row is None:
                    session.add(ScheduleRow(**asdict(standing)))
                else:
                    _write(row, standing)
        except Conflict:
            return False  # two made the row at once, and this one was second
        return True


def _row(standing: Standing) -> Select[ScheduleRow]:
    return select(ScheduleRow).where(
        ScheduleRow.service == standing.service, ScheduleRow.name == standing.name
    )


def _write(row: ScheduleRow, standing: Standing) -> None:
    for name, value in asdict(standing).items():
        setattr(row, name, value)


def _standings(session: Session) -> Sequence[Standing]:
    # sorted here: databases disagree about the order of texts
    rows = session.scalars(select(ScheduleRow))
    return sorted((record(Standing, row) for row in rows), key=lambda standing: standing.key)
