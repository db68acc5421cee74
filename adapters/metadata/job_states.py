"""How a job's row goes from state to state: written once, for callers, workers and sweepers.

Whoever changes rows locks parts before the job that they belong to, so that no two wait for each other.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.subscriptions import subscribed
from minerva.adapters.metadata.tables import JobEventRow, JobRow
from minerva.layers.abstraction.jobs.job import Job, JobState, NewJob
from minerva.layers.abstraction.webhooks.deliveries import deliveries
from minerva.layers.abstraction.webhooks.happening import Happening, of_job

OPEN = (JobState.QUEUED, JobState.RUNNING)


def add_job(session: Session, job: NewJob, whole: JobRow | None = None) -> JobRow:
    """Add a queued job with its first event; a part takes the place of the `whole` in the order."""
    row = JobRow(
        **{field.name: getattr(job, field.name) for field in fields(NewJob)},
        accepted_at=job.created_at if whole is None else whole.accepted_at,
        rank=-job.priority if whole is None else whole.rank,
        state=JobState.QUEUED,
        attempt=0,
        progress=0.0,
        message="",
        cancel_requested=False,
        open_parts=0,
    )
    session.add(row)
    add_event(session, row, job.created_at, "submitted")
    return row


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


def requeue(
    session: Session,
    row: JobRow,
    now: datetime,
    message: str,
    not_before: datetime | None = None,
) -> None:
    """Put a job back, to be run by any worker."""
    _let_go(row, JobState.QUEUED)
    row.not_before = not_before
    row.rested_at = None if not_before is None else now
    row.finished_at = None
    add_event(session, row, now, message)


def end(
    session: Session, row: JobRow, state: JobState, now: datetime, message: str = ""
) -> list[Job]:
    """End a job, the one place where that is done; return the jobs that can run because of it."""
    _let_go(row, state)
    row.finished_at = now
    row.not_before = None
    if state is JobState.SUCCEEDED:
        row.progress = 1.0
    add_event(session, row, now, message)
    told = tell(session, of_job(record(Job, row)))
    return told + (_part_ended(session, row.parent, now) if row.parent is not None else [])


def tell(session: Session, happening: Happening | None) -> list[Job]:
    """Add the deliveries of what this transaction makes happen; return them.

    If it comes about, it will be told, and else not.
    """
    if happening is None:
        return []
    wanted = deliveries(happening, subscribed(session, happening.tenant))
    return [record(Job, add_job(session, one)) for one in wanted if not known(session, one)]


def known(session: Session, job: NewJob) -> bool:
    """Whether there is already a job of the same idempotency key."""
    same = select(JobRow.id).where(
        JobRow.tenant == job.tenant, JobRow.idempotency_key == job.idempotency_key
    )
    return session.scalar(same) is not None


def wait_for_parts(session: Session, row: JobRow, now: datetime, message: str) -> bool:
    """Let a job wait for its open parts; return whether there are any."""
    row.open_parts = _open_parts(session, row.id)
    if not row.open_parts:
        return False
    _let_go(row, JobState.RUNNING)
    row.message = message
    row.finished_at = None
    add_event(session, row, now, f"waits for {row.open_parts} parts")
    return True


def locked(session: Session, job_id: str) -> JobRow | None:
    """Return a job's row, locked until the transaction ends."""
    return session.scalar(select(JobRow).where(JobRow.id == job_id).with_for_update())


def locked_parts(session: Session, job_id: str) -> list[JobRow]:
    """Return the rows of a job's parts in the order of their making, locked."""
    query = select(JobRow).where(JobRow.parent == job_id)
    ordered = query.order_by(JobRow.created_at, JobRow.id)
    return list(session.scalars(ordered.with_for_update()))


def _let_go(row: JobRow, state: JobState) -> None:
    row.state = state
    row.lease_token = row.lease_owner = row.lease_until = None
    row.sent_at = row.seconds_left = None


def _part_ended(session: Session, parent_id: str, now: datetime) -> list[Job]:
    """Count a part that has ended; the last one lets the job go on, with all its attempts."""
    parent = locked(session, parent_id)
    if parent is None or not _parked(parent):
        return []
    parts = session.scalar(select(func.count(JobRow.id)).where(JobRow.parent == parent_id)) or 1
    parent.open_parts = _open_parts(session, parent_id)
    parent.progress = (parts - parent.open_parts) / parts
    parent.message = f"{parts - parent.open_parts} of {parts} parts"
    if parent.open_parts:
        return []
    if parent.cancel_requested:
        return end(session, parent, JobState.CANCELLED, now, "cancelled with its parts")
    parent.max_attempts += parent.attempt
    requeue(session, parent, now, "all parts have ended")
    return [record(Job, parent)]


def _parked(row: JobRow) -> bool:
    return row.state is JobState.RUNNING and row.lease_token is None


def _open_parts(session: Session, job_id: str) -> int:
    query = select(func.count(JobRow.id)).where(JobRow.parent == job_id, JobRow.state.in_(OPEN))
    return session.scalar(query) or 0
