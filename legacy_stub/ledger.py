"""The ledger of prepared data: what was handed over, and how far its training has come.

It is the only memory of the units: one that is killed goes on, after a restart, from what is here.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, Select, and_, or_, select

from legacy_stub.tables import DATASET, prepared_data

Query: TypeAlias = "Select[*tuple[Any, ...]]"

SUCCEEDED = "succeeded"
SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Prepared:
    """One entry: data that was prepared once, and what became of it."""

    id: int
    dataset: str
    rows: int
    fingerprint: str
    prepared_at: dt.datetime
    requested_at: dt.datetime | None
    job_id: str | None
    job_state: str | None
    progress: float | None
    trained_at: dt.datetime | None
    version: str | None
    outcome: str | None
    problem: str | None
    scored_at: dt.datetime | None

    @property
    def idempotency_key(self) -> str:
        """The name under which its training is asked for, however often that may be."""
        return f"prepared-{self.id}-{self.fingerprint[:12]}"


def add(connection: Connection, rows: int, fingerprint: str, now: dt.datetime) -> int:
    """Enter newly prepared data; return its number."""
    entered = prepared_data.insert().values(
        dataset=DATASET, rows=rows, fingerprint=fingerprint, prepared_at=now
    )
    return int(connection.execute(entered.returning(prepared_data.c.id)).scalar_one())


def latest(connection: Connection) -> Prepared | None:
    """The newest entry, if there is any."""
    newest = select(prepared_data).order_by(prepared_data.c.id.desc()).limit(1)
    return _entry(connection, newest.where(prepared_data.c.dataset == DATASET))


def latest_training(connection: Connection) -> Prepared | None:
    """The newest entry whose training was asked for, if there is any."""
    newest = select(prepared_data).order_by(prepared_data.c.id.desc()).limit(1)
    return _entry(connection, newest.where(prepared_data.c.job_id.is_not(None)))


def oldest_open(connection: Connection) -> Prepared | None:
    """The first entry that still needs a training, its end, or the scoring after it."""
    known = prepared_data.c
    unscored = and_(known.outcome == SUCCEEDED, known.scored_at.is_(None))
    return _entry(
        connection,
        select(prepared_data)
        .where(known.dataset == DATASET, or_(known.outcome.is_(None), unscored))
        .order_by(known.id)
        .limit(1),
    )


def update(engine: Engine, entry: Prepared, **values: object) -> None:
    """Note what has become of an entry."""
    with engine.begin() as connection:
        connection.execute(
            prepared_data.update().where(prepared_data.c.id == entry.id).values(**values)
        )


def _entry(connection: Connection, query: Query) -> Prepared | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else Prepared(**row._asdict())
