"""Jobs as their tenant sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.choosing import ready
from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.job_states import (
    add_event,
    add_job,
    end,
    locked,
    locked_parts,
    requeue,
    wait_for_parts,
)
from minerva.adapters.metadata.tables import JobEventRow, JobLogRow, JobRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.job import Job, JobEvent, JobState, NewJob, Queue
from minerva.layers.abstraction.jobs.store import Load, Released
from minerva.layers.abstraction.webhooks.happening import DELIVER

RETRIED = (JobState.DEAD, JobState.FAILED, JobState.CANCELLED)


class SqlJobStore:
    """See the port `JobStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(self, job: NewJob) -> tuple[Job, bool]:
        """See the port."""
        known = self.known(job)
        if known is not None:
            return known, False
        try:
            with self._database.tenant(job.tenant, write=True) as session:
                row = add_job(session, job)
            return record(Job, row), True
        except Conflict:
            known = self.known(job)  # someone else was faster, and has committed by now
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
        kind: str | None = None,
        parent: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> Sequence[Job]:
        """See the port."""
        query = select(JobRow).where(JobRow.parent == parent)
        for column, wanted in (
            (JobRow.service, service),
            (JobRow.state, state),
            (JobRow.kind, kind),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        if kind is None and state is None and parent is None:
            query = query.where(JobRow.kind != DELIVER)
        query = query.order_by(JobRow.created_at.desc(), JobRow.id.desc()).limit(limit)
        with self._database.tenant(tenant) as session:
            if before is not None:
                query = _below(query, session, before)
            return [record(Job, row) for row in session.scalars(query)]

    def load(self, now: datetime) -> Mapping[str, Load]:
        """See the port."""
        held = and_(JobRow.state == JobState.RUNNING, JobRow.lease_token.is_not(None))
        waiting, running = (func.sum(case((such, 1), else_=0)) for such in (ready(now), held))
        query = (
            select(JobRow.queue, waiting, running)
            .where(JobRow.state.in_((JobState.QUEUED, JobState.RUNNING)))
            .group_by(JobRow.queue)
        )
        with self._database.every_tenant() as session:
            found = {row[0].value: Load(row[1], row[2]) for row in session.execute(query)}
        return {queue.value: found.get(queue.value, Load(0, 0)) for queue in Queue}

    def parts(self, tenant: str, job_id: str) -> Sequence[Job]:
        """See the port."""
        query = select(JobRow).where(JobRow.parent == job_id)
        with self._database.tenant(tenant) as session:
            rows = session.scalars(query.order_by(JobRow.created_at, JobRow.id))
            return [record(Job, row) for row in rows]

    def tell(
        self, tenant: str, job_id: str, progress: float, message: str, seconds_left: float | None
    ) -> None:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = locked(session, job_id)
            if row is not None and row.open_parts and not row.state.ended:
                row.progress, row.message, row.seconds_left = progress, message, seconds_left

    def cancel(self, tenant: str, job_id: str, now: datetime) -> Released | None:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            parts = locked_parts(session, job_id)
            row = locked(session, job_id)
            if row is None:
                return None
            woken = _cancel(session, row, now)
            for part in parts:
                woken += _cancel(session, part, now)
            return Released(record(Job, row), woken)

    def retry(self, tenant: str, job_id: str, attempts: int, by: str, now: datetime) -> Job | None:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            parts = locked_parts(session, job_id)
            row = locked(session, job_id)
            if row is None:
                return None
            _check_retry(row)
            again = [part for part in parts if part.state in RETRIED]
            for one in (*again, row):
                one.cancel_requested = False
                one.max_attempts = one.attempt + attempts
                requeue(session, one, now, f"to be tried again, says {by}")
            wait_for_parts(session, row, now, "")
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

    def logs(self, tenant: str, job_id: str) -> Sequence[tuple[int, str]]:
        """See the port."""
        query = select(JobLogRow).where(JobLogRow.job_id == job_id).order_by(JobLogRow.attempt)
        with self._database.tenant(tenant) as session:
            return [(row.attempt, row.text) for row in session.scalars(query)]

    def known(self, job: NewJob) -> Job | None:
        """See the port."""
        if job.idempotency_key is None:
            return None
        with self._database.tenant(job.tenant) as session:
            row = session.scalar(
                select(JobRow).where(JobRow.idempotency_key == job.idempotency_key)
            )
            if row is None:
                return None
            same = (row.service, row.kind) == (job.service, job.kind)
            if not same or not _asks_the_same(row, job):
                raise Conflict(
                    f"This idempotency key was used for another request, job {row.id}: "
                    "use a new key for a new request."
                )
            return record(Job, row)


def _asks_the_same(row: JobRow, job: NewJob) -> bool:
    if row.request or job.request:
        return row.request == job.request
    same: bool = row.payload == json.loads(json.dumps(job.payload))
    return same


def _below(query: Select[Any], session: Session, job_id: str) -> Select[Any]:
    """Narrow to what stands below a job in the order newest first."""
    edge = session.scalar(select(JobRow).where(JobRow.id == job_id))
    if edge is None:
        return query
    same_moment = and_(JobRow.created_at == edge.created_at, JobRow.id < edge.id)
    return query.where(or_(JobRow.created_at < edge.created_at, same_moment))


def _cancel(session: Session, row: JobRow, now: datetime) -> list[Job]:
    if row.state is JobState.QUEUED:
        row.cancel_requested = True
        return end(session, row, JobState.CANCELLED, now, "cancelled before it started")
    if row.state is JobState.RUNNING and not row.cancel_requested:
        row.cancel_requested = True
        add_event(session, row, now, "asked to stop")
    return []


def _check_retry(row: JobRow) -> None:
    if row.parent is not None:
        raise Conflict(f"This job is a part of job {row.parent}: try that one again.")
    if row.state not in RETRIED:
        raise Conflict(
            f"This job is {row.state.value}: only one that did not succeed is tried again."
        )
