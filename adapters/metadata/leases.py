"""Jobs as workers see them: claimed, renewed, finished, parked and recovered under a lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from minerva.adapters.metadata.choosing import ORDER, may_run, next_id, ready
from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.job_states import (
    add_event,
    add_job,
    end,
    known,
    requeue,
    wait_for_parts,
)
from minerva.adapters.metadata.tables import JobLogRow, JobRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.job import Job, JobState, Lease, NewJob, Queue
from minerva.layers.abstraction.jobs.limits import Bounds
from minerva.layers.abstraction.jobs.store import MOST_WOKEN, Ending, Released

ASKED_AT_ONCE = 500
PATIENCE = 0.1
"""Share of a job's waiting time that passes between two wake-ups for it."""


class SqlJobLeases:
    """See the port `JobLeases`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next(self, queue: str, now: datetime, bounds: Bounds) -> str | None:
        """See the port."""
        with self._database.every_tenant() as session:
            return next_id(session, queue, now, bounds)

    def claim(
        self, job_id: str, lease: Lease, now: datetime, bounds: Bounds | None = None
    ) -> Job | None:
        """See the port.

        A job whose lease ended is left to `recover` once it is out of attempts or asked to stop.
        """
        again = and_(
            _abandoned(now), JobRow.attempt < JobRow.max_attempts, ~JobRow.cancel_requested
        )
        taken = (
            update(JobRow)
            .where(JobRow.id == job_id, or_(ready(now), again))
            .values(
                state=JobState.RUNNING,
                attempt=JobRow.attempt + 1,
                progress=0.0,
                message="",
                started_at=now,
                lease_token=lease.token,
                lease_owner=lease.owner,
                lease_until=lease.until,
            )
        )
        with self._database.every_tenant(write=True) as session:
            if not may_run(session, job_id, bounds):
                return None
            row = session.scalar(
                taken.returning(JobRow),
                execution_options={"populate_existing": True, "synchronize_session": False},
            )
            if row is None:
                return None
            add_event(session, row, now, f"claimed by {lease.owner}")
        return record(Job, row)

    def renew(
        self,
        job_id: str,
        token: str,
        until: datetime,
        progress: float,
        message: str,
        seconds_left: float | None = None,
    ) -> bool | None:
        """See the port."""
        renewed = (
            update(JobRow)
            .where(_held(job_id, token))
            .values(
                lease_until=until,
                progress=min(1.0, max(0.0, progress)),  # an algorithm's NaN becomes 0
                message=message,
                seconds_left=seconds_left,
            )
        )
        with self._database.every_tenant(write=True) as session:
            return session.scalar(renewed.returning(JobRow.cancel_requested))

    def finish(self, job_id: str, token: str, ending: Ending, now: datetime) -> Released | None:
        """See the port. A job that was asked to stop is not put back but ends CANCELLED."""
        if ending.state is JobState.RUNNING:
            raise Conflict("A job is finished with an ended state, or put back as queued.")
        with self._database.every_tenant(write=True) as session:
            row = _locked_if_held(session, job_id, token)
            if row is None:
                return None
            row.result, row.error = ending.result, ending.error
            row.max_attempts += 0 if ending.counts else 1
            _keep_log(session, row, ending.log)
            again = ending.state is JobState.QUEUED
            if again and not row.cancel_requested:
                requeue(session, row, now, "put back", ending.not_before)
                return Released(record(Job, row))
            woken = end(session, row, JobState.CANCELLED if again else ending.state, now)
            return Released(record(Job, row), woken)

    def park(
        self, job_id: str, token: str, parts: Sequence[NewJob], message: str, now: datetime
    ) -> Released | None:
        """See the port."""
        with self._database.every_tenant(write=True) as session:
            row = _locked_if_held(session, job_id, token)
            if row is None:
                return None
            added = [add_job(session, part, row) for part in parts if not known(session, part)]
            row.error = None
            if not wait_for_parts(session, row, now, message):
                requeue(session, row, now, "has no open parts")
                return Released(record(Job, row), [record(Job, row)])
            return Released(record(Job, row), [record(Job, one) for one in added[:MOST_WOKEN]])

    def jobs(self, job_ids: Sequence[str]) -> dict[str, Job]:
        """See the port."""
        with self._database.every_tenant() as session:
            found: dict[str, Job] = {}
            for start in range(0, len(job_ids), ASKED_AT_ONCE):
                some = job_ids[start : start + ASKED_AT_ONCE]
                for row in session.scalars(select(JobRow).where(JobRow.id.in_(some))):
                    found[row.id] = record(Job, row)
            return found

    def recover(self, now: datetime, latest: datetime | None = None) -> Sequence[Released]:
        """See the port."""
        lost = _abandoned(now, latest)
        with self._database.every_tenant() as session:
            if not session.scalar(select(exists().where(lost))):
                return []  # the usual sweep, which no writer has to wait for
        with self._database.every_tenant(write=True) as session:
            abandoned = session.scalars(
                select(JobRow)
                .where(lost)
                .order_by(JobRow.created_at, JobRow.id)
                .with_for_update(skip_locked=True)
            ).all()
            return [_recover(session, row, now) for row in abandoned]

    def waiting(self, resend_after: timedelta, now: datetime) -> Sequence[Job]:
        """See the port."""
        with self._database.every_tenant() as session:
            if not session.scalar(select(exists().where(ready(now)))):
                return []
        with self._database.every_tenant(write=True) as session:
            unheard = [
                row
                for queue in Queue
                for row in _first(session, queue, now)
                if _unheard(row, resend_after, now)
            ]
            for row in unheard:
                row.sent_at = now
            return [record(Job, row) for row in unheard]


def _abandoned(now: datetime, latest: datetime | None = None) -> ColumnElement[bool]:
    over = JobRow.lease_until <= now
    if latest is not None:
        over = or_(over, JobRow.lease_until > latest)
    return and_(JobRow.state == JobState.RUNNING, over)


def _held(job_id: str, token: str) -> ColumnElement[bool]:
    return and_(JobRow.id == job_id, JobRow.lease_token == token, JobRow.state == JobState.RUNNING)


def _locked_if_held(session: Session, job_id: str, token: str) -> JobRow | None:
    return session.scalar(select(JobRow).where(_held(job_id, token)).with_for_update())


def _keep_log(session: Session, row: JobRow, text: str) -> None:
    if text:
        log = JobLogRow(tenant=row.tenant, job_id=row.id, attempt=row.attempt, text=text)
        session.merge(log)


def _recover(session: Session, row: JobRow, now: datetime) -> Released:
    message = f"the lease of {row.lease_owner} ended"
    woken: list[Job] = []
    if row.cancel_requested:
        woken = end(session, row, JobState.CANCELLED, now, message)
    elif row.attempt < row.max_attempts:
        requeue(session, row, now, message)
    else:
        row.error = {
            "code": "unavailable",
            "message": f"No attempt came to an end: {row.attempt} of {row.max_attempts} were lost.",
        }
        woken = end(session, row, JobState.DEAD, now, message)
    return Released(record(Job, row), woken)


def _first(session: Session, queue: Queue, now: datetime) -> Sequence[JobRow]:
    query = select(JobRow).where(ready(now), JobRow.queue == queue)
    first = query.order_by(*ORDER).limit(MOST_WOKEN)
    return session.scalars(first.with_for_update(skip_locked=True)).all()


def _unheard(row: JobRow, resend_after: timedelta, now: datetime) -> bool:
    """Tell whether a job is to be told of; a clock that was set back makes `sent_at` worthless."""
    if row.sent_at is None or row.sent_at > now:
        return True
    return now - row.sent_at > max(resend_after, PATIENCE * (row.sent_at - row.created_at))
