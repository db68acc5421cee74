"""Jobs as their tenant sees them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.tables import JobEventRow, JobRow, record
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.job import Job, JobEvent, JobState, NewJob


class SqlJobStore:
    """See the port `JobStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(self, job: NewJob) -> tuple[Job, bool]:
        """See the port."""
        known = self._known(job)
        if known is not None:
            return known, False
        try:
            return self._add(job), True
        except Conflict:
            known = self._known(job)  # someone else was faster, and has committed by now
            if known is None:
                raise Conflict(f"There is already a job {job.id}: choose another id.") from None
            return known, False

    def get(self, tenant: str, job_id: str) -> Job | None:
        """See the port."""
        with self._database.tenant(tenant) as session:
            row = session.scalar(select(JobRow).where(JobRow.id == job_id))
            return None if row is None else record(Job, row)

    def list(
        self,
        tenant: str,
        *,
        service: str | None = None,
        state: JobState | None = None,
        limit: int = 50,
    ) -> Sequence[Job]:
        """See the port."""
        query = select(JobRow).order_by(JobRow.created_at.desc(), JobRow.id.desc()).limit(limit)
        if service is not None:
            query = query.where(JobRow.service == service)
        if state is not None:
            query = query.where(JobRow.state == state)
        with self._database.tenant(tenant) as session:
            return [record(Job, row) for row in session.scalars(query)]

    def cancel(self, tenant: str, job_id: str, now: datetime) -> Job | None:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = session.scalar(select(JobRow).where(JobRow.id == job_id).with_for_update())
            if row is None:
                return None
            if row.state is JobState.QUEUED:
                row.cancel_requested = True
                row.state, row.finished_at = JobState.CANCELLED, now
                add_event(session, row, now, "cancelled before it started")
            elif row.state is JobState.RUNNING and not row.cancel_requested:
                row.cancel_requested = True
                add_event(session, row, now, "asked to stop")
            return record(Job, row)

    def events(self, tenant: str, job_id: str, after: int = 0) -> Sequence[JobEvent]:
        """See the port."""
        with self._database.tenant(tenant) as session:
            rows = session.scalars(
                select(JobEventRow)
                .where(JobEventRow.job_id == job_id, JobEventRow.number > after)
                .order_by(JobEventRow.number)
            )
            return [record(JobEvent, row) for row in rows]

    def _known(self, job: NewJob) -> Job | None:
        """Return the job of the same idempotency key; Conflict if the key meant something else."""
        if job.idempotency_key is None:
            return None
        with self._database.tenant(job.tenant) as session:
            row = session.scalar(
                select(JobRow).where(JobRow.idempotency_key == job.idempotency_key)
            )
            if row is None:
                return None
            asked = (job.service, job.kind, json.loads(json.dumps(job.payload)))
            if (row.service, row.kind, row.payload) != asked:
                raise Conflict(
                    f"This idempotency key was used for another request, job {row.id}: "
                    "use a new key for a new request."
                )
            return record(Job, row)

    def _add(self, job: NewJob) -> Job:
        with self._database.tenant(job.tenant, write=True) as session:
            row = JobRow(
                **{field.name: getattr(job, field.name) for field in fields(NewJob)},
                state=JobState.QUEUED,
                attempt=0,
                progress=0.0,
                message="",
                cancel_requested=False,
            )
            session.add(row)
            add_event(session, row, job.created_at, "submitted")
        return record(Job, row)


def add_event(session: Session, job: JobRow, now: datetime, message: str) -> None:
    """Append to the history of a job whose row this transaction has locked by changing it."""
    session.flush()
    last = session.scalar(select(func.max(JobEventRow.number)).where(JobEventRow.job_id == job.id))
    session.add(
        JobEventRow(
            job_id=job.id,
            number=(last or 0) + 1,
            tenant=job.tenant,
            at=now,
            state=job.state,
            attempt=job.attempt,
            message=message,
        )
    )
