"""Which queued job should run next, and whether it may: priorities, ages, bounds."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.tables import JobRow
from minerva.layers.abstraction.jobs.job import Job, JobState
from minerva.layers.abstraction.jobs.limits import Bounds, limits_of
from minerva.layers.abstraction.webhooks.happening import DELIVER

LOOKED_AT = 50
CLOCKS_DIFFER_S = 60
"""So much may the clocks of two machines differ."""
CLAIM_LOCK = 6_466_364_673
"""Names the advisory lock that puts claims under bounds in line; any constant does."""

ORDER = (JobRow.rank, JobRow.accepted_at, JobRow.created_at, JobRow.id)
"""By priority, then by age: parts by that of the job they belong to, so that the oldest ends first."""

Owner = tuple[str, str]
"""Tenant and service."""


def ready(now: datetime) -> ColumnElement[bool]:
    """Tell which rows wait and may run as far as time is concerned.

    One that began to rest in the future rests no longer: the clock was set back.
    """
    later = now + timedelta(seconds=CLOCKS_DIFFER_S)
    due = or_(JobRow.not_before.is_(None), JobRow.not_before <= now, JobRow.rested_at > later)
    return and_(JobRow.state == JobState.QUEUED, due)


def next_id(session: Session, queue: str, now: datetime, bounds: Bounds) -> str | None:
    """Return the first job of a queue that the bounds allow: in the order in which jobs run."""
    running = Running(session)
    if running.full(queue, bounds):
        return None
    tenants = running.full_tenants(bounds)
    blocked: set[Owner] = set()
    columns = (JobRow.id, JobRow.tenant, JobRow.service, JobRow.parent, JobRow.limits)
    query = select(*columns).where(ready(now), JobRow.queue == queue).order_by(*ORDER)
    if tenants:
        query = query.where(JobRow.tenant.not_in(tenants))
    while True:
        narrowed = query.where(_not_of(blocked)) if blocked else query
        rows = session.execute(narrowed.limit(LOOKED_AT)).all()
        for row in rows:
            if not running.crowded(row):
                return str(row.id)
            blocked.add((row.tenant, row.service))
        if len(rows) < LOOKED_AT:
            return None


def may_run(session: Session, job_id: str, bounds: Bounds | None) -> bool:
    """Tell whether a job may start now; holds other claims off until the transaction ends."""
    row = session.scalar(select(JobRow).where(JobRow.id == job_id))
    if row is None:
        return False
    job = record(Job, row)
    bounds = bounds or Bounds()
    if not (any(bounds.queues.values()) or bounds.tenant or limits_of(job.limits).max_running):
        return True
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": CLAIM_LOCK})
    running = Running(session)
    full = running.full(job.queue, bounds) or job.tenant in running.full_tenants(bounds)
    return not (full or running.crowded(job))


class Running:
    """How many jobs run at the moment. One that waits for its parts takes no place in a queue."""

    def __init__(self, session: Session) -> None:
        self.queues: Counter[str] = Counter()
        self.tenants: Counter[str] = Counter()
        self.services: Counter[Owner] = Counter()
        leased = JobRow.lease_token.is_not(None)
        part = or_(JobRow.parent.is_not(None), JobRow.kind == DELIVER)
        columns = (JobRow.queue, JobRow.tenant, JobRow.service, leased, part)
        counted = select(*columns, func.count(JobRow.id)).where(JobRow.state == JobState.RUNNING)
        for queue, tenant, service, held, is_part, count in session.execute(
            counted.group_by(*columns)
        ):
            self.queues[queue] += count if held else 0
            self.tenants[tenant] += count if held else 0
            self.services[(tenant, service)] += 0 if is_part else count

    def full(self, queue: str, bounds: Bounds) -> bool:
        """Tell whether no more jobs of this queue may run."""
        most = bounds.queues.get(queue, 0)
        return bool(most) and self.queues[queue] >= most

    def full_tenants(self, bounds: Bounds) -> list[str]:
        """Return the tenants of which no more jobs may run."""
        return [
            one for one, count in self.tenants.items() if bounds.tenant and count >= bounds.tenant
        ]

    def crowded(self, job: Any) -> bool:
        """Tell whether the service of a job, or of a row of its columns, runs as many as it may."""
        most = limits_of(job.limits).max_running
        if not most or job.parent is not None:
            return False
        return self.services[(job.tenant, job.service)] >= most


def _not_of(owners: set[Owner]) -> ColumnElement[bool]:
    return tuple_(JobRow.tenant, JobRow.service).not_in(owners)
