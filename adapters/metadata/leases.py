"""Jobs as workers see them: claimed, renewed, finished and recovered under a lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from minerva.adapters.metadata.jobs import add_event
from minerva.adapters.metadata.tables import JobRow, record
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.job import Job, JobState, Lease


class SqlJobLeases:
    """See the port `JobLeases`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, job_id: str, lease: Lease, now: datetime) -> Job | None:
        """See the port.

        A job whose lease ended is left to `recover` once it is out of attempts or asked to stop.
        """
        again = and_(
            _abandoned(now), JobRow.attempt < JobRow.max_attempts, ~JobRow.cancel_requested
        )
        taken = (
            update(JobRow)
            .where(JobRow.id == job_id, or_(JobRow.state == JobState.QUEUED, again))
            .values(
                state=JobState.RUNNING,
                attempt=JobRow.attempt + 1,
                progress=0.0,
                message="",
                error=None,
                started_at=now,
                lease_token=lease.token,
                lease_owner=lease.owner,
                lease_until=lease.until,
            )
        )
        with self._database.every_tenant(write=True) as session:
            row = session.scalar(taken.returning(JobRow))
            if row is None:
                return None
            add_event(session, row, now, f"claimed by {lease.owner}")
        return record(Job, row)

    def renew(
        self, job_id: str, token: str, until: datetime, progress: float, message: str
    ) -> bool | None:
        """See the port."""
        renewed = (
            update(JobRow)
            .where(_held(job_id, token))
            .values(
                lease_until=until,
                progress=min(1.0, max(0.0, progress)),  # an algorithm's NaN becomes 0
                message=message,
            )
        )
        with self._database.every_tenant(write=True) as session:
            return session.scalar(renewed.returning(JobRow.cancel_requested))

    def finish(
        self,
        job_id: str,
        token: str,
        state: JobState,
        now: datetime,
        *,
        result: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
    ) -> bool:
        """See the port. A job that was asked to stop is not put back but ends CANCELLED."""
        if state is JobState.RUNNING:
            raise Conflict("A job is finished with an ended state, or put back as queued.")
        with self._database.every_tenant(write=True) as session:
            row = session.scalar(select(JobRow).where(_held(job_id, token)).with_for_update())
            if row is None:
                return False
            row.result, row.error = result, error
            if state is JobState.QUEUED:
                state = JobState.CANCELLED if row.cancel_requested else JobState.QUEUED
            _release(row, state, now)
            add_event(session, row, now, "put back" if state is JobState.QUEUED else "")
            return True

    def recover(self, now: datetime) -> Sequence[Job]:
        """See the port."""
        with self._database.every_tenant() as session:
            if not session.scalar(select(exists().where(_abandoned(now)))):
                return []  # the usual sweep, which no writer has to wait for
        with self._database.every_tenant(write=True) as session:
            abandoned = session.scalars(
                select(JobRow)
                .where(_abandoned(now))
                .order_by(JobRow.created_at, JobRow.id)
                .with_for_update(skip_locked=True)
            ).all()
            for row in abandoned:
                _recover(session, row, now)
            return [record(Job, row) for row in abandoned]

    def waiting(self, sent_before: datetime, now: datetime) -> Sequence[str]:
        """See the port; oldest first."""
        unsent = and_(
            JobRow.state == JobState.QUEUED,
            or_(JobRow.sent_at.is_(None), JobRow.sent_at < sent_before),
        )
        with self._database.every_tenant() as session:
            if not session.scalar(select(exists().where(unsent))):
                return []
        with self._database.every_tenant(write=True) as session:
            marked = update(JobRow).where(unsent).values(sent_at=now)
            rows = session.execute(marked.returning(JobRow.created_at, JobRow.id))
            return [row[1] for row in sorted((row[0], row[1]) for row in rows)]


def _abandoned(now: datetime) -> ColumnElement[bool]:
    return and_(JobRow.state == JobState.RUNNING, JobRow.lease_until <= now)


def _held(job_id: str, token: str) -> ColumnElement[bool]:
    return and_(JobRow.id == job_id, JobRow.lease_token == token, JobRow.state == JobState.RUNNING)


def _recover(session: Session, row: JobRow, now: datetime) -> None:
    owner = row.lease_owner
    if row.cancel_requested:
        state = JobState.CANCELLED
    elif row.attempt >= row.max_attempts:
        state = JobState.DEAD
        row.error = {
            "code": "unavailable",
            "message": f"No attempt came to an end: {row.attempt} of {row.max_attempts} were lost.",
        }
    else:
        state = JobState.QUEUED
    _release(row, state, now)
    add_event(session, row, now, f"the lease of {owner} ended")


def _release(row: JobRow, state: JobState, now: datetime) -> None:
    row.state = state
    row.lease_token = row.lease_owner = row.lease_until = None
    row.sent_at = None
    row.finished_at = now if state.ended else None
    if state is JobState.SUCCEEDED:
        row.progress = 1.0
