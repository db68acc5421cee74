"""The ports of the job mechanism."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from minerva.layers.abstraction.jobs.job import Job, JobEvent, JobState, Lease, NewJob


class JobStore(Protocol):
    """Jobs as their tenant sees them."""

    def submit(self, job: NewJob) -> tuple[Job, bool]:
        """Add a queued job and its first event.

        Returns the job and whether it is new: a job of the same tenant with the same idempotency key
        (not None) is returned instead. Raises Conflict if that one has another service, kind or
        payload.
        """

    def get(self, tenant: str, job_id: str) -> Job | None:
        """Return one job."""

    def list(
        self,
        tenant: str,
        *,
        service: str | None = None,
        state: JobState | None = None,
        limit: int = 50,
    ) -> Sequence[Job]:
        """Return jobs, newest first."""

    def cancel(self, tenant: str, job_id: str, now: datetime) -> Job | None:
        """Cancel a queued job at once; ask a running one to stop; leave an ended one as it is."""

    def events(self, tenant: str, job_id: str, after: int = 0) -> Sequence[JobEvent]:
        """Return events with a number above `after`, oldest first."""


class JobLeases(Protocol):
    """Jobs as workers see them, across tenants."""

    def claim(self, job_id: str, lease: Lease, now: datetime) -> Job | None:
        """Take a job that is queued, or running on a lease that ended; None if not to be had.

        One statement decides, so of many claimants one wins. `attempt` grows by one.
        """

    def renew(
        self, job_id: str, token: str, until: datetime, progress: float, message: str
    ) -> bool | None:
        """Prolong the lease, tell progress; return whether to cancel, None if the lease is lost."""

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
        """End the job, or put it back (`state` QUEUED) for another attempt. False: lease lost."""

    def recover(self, now: datetime) -> Sequence[Job]:
        """Put back running jobs whose lease ended, with an event each; return those changed.

        One that was asked to stop ends CANCELLED, one after `max_attempts` ends DEAD.
        """

    def waiting(self, sent_before: datetime, now: datetime) -> Sequence[str]:
        """Return ids of queued jobs not sent since `sent_before`, and mark them as sent `now`."""


class JobQueue(Protocol):
    """Carries job ids to workers; may lose, repeat and reorder them."""

    def send(self, job_id: str, kind: str) -> None:
        """Wake a worker for a job. Raises Unavailable if the broker is away."""
