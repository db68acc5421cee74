"""The ports of the job mechanism."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from minerva.layers.abstraction.jobs.job import Job, JobEvent, JobState, Lease, NewJob
from minerva.layers.abstraction.jobs.limits import Bounds

MOST_WOKEN = 8
"""So many wake-ups for a queue at a time are enough: a worker goes on by itself."""


@dataclass(frozen=True)
class Released:
    """A job that somebody let go of, and those that can run because of it."""

    job: Job
    woken: Sequence[Job] = ()


@dataclass(frozen=True)
class Ending:
    """How an attempt ended."""

    state: JobState
    """QUEUED: to be tried again, from `not_before` on."""
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    not_before: datetime | None = None
    counts: bool = True
    """False: the attempt was not the job's fault, and it gets another one for it."""
    log: str = ""
    """The end of what the attempt printed."""


@dataclass(frozen=True)
class Load:
    """What there is to do in one queue, of all tenants."""

    waiting: int
    """Jobs that may run now."""
    running: int
    """Jobs that a worker holds; one that waits for its parts is held by nobody."""


class JobStore(Protocol):
    """Jobs as their tenant sees them."""

    def submit(self, job: NewJob) -> tuple[Job, bool]:
        """Add a queued job and its first event.

        Returns the job and whether it is new: a job of the same tenant with the same idempotency key
        (not None) is returned instead. Raises Conflict as `known` does.
        """

    def known(self, job: NewJob) -> Job | None:
        """Return the job of the same tenant and idempotency key, if the key is not None.

        Raises Conflict if that one was asked for another service, kind, or thing.
        """

    def get(self, tenant: str, job_id: str) -> Job | None:
        """Return one job."""

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
        """Return jobs, newest first: the parts of `parent`, or all that are no parts.

        Without a `kind` and a `state`, deliveries of webhooks are left out.

        `before`: only those that stand below the job of this id, for the next page.
        """

    def load(self, now: datetime) -> Mapping[str, Load]:
        """Return what there is to do in each queue: numbers only, of all tenants together."""

    def parts(self, tenant: str, job_id: str) -> Sequence[Job]:
        """Return the parts of a job in the order in which they were made."""

    def tell(
        self, tenant: str, job_id: str, progress: float, message: str, seconds_left: float | None
    ) -> None:
        """Tell how far a job is that waits for its parts; nothing happens if it does not."""

    def cancel(self, tenant: str, job_id: str, now: datetime) -> Released | None:
        """Cancel a queued job at once; ask a running one to stop; leave an ended one as it is.

        So for its parts. None: there is no such job.
        """

    def retry(self, tenant: str, job_id: str, attempts: int, by: str, now: datetime) -> Job | None:
        """Queue a job again that is dead, failed or cancelled, with so many more attempts.

        So its parts that did not succeed, for which it waits. None: there is no such job. Raises
        Conflict for one that has not ended, has succeeded, or is a part.
        """

    def events(self, tenant: str, job_id: str, after: int = 0) -> Sequence[JobEvent]:
        """Return events with a number above `after`, oldest first."""

    def logs(self, tenant: str, job_id: str) -> Sequence[tuple[int, str]]:
        """Return attempt and the end of what it printed, for the attempts that came to an end."""


class JobLeases(Protocol):
    """Jobs as workers see them, across tenants."""

    def next(self, queue: str, now: datetime, bounds: Bounds) -> str | None:
        """Return the id of the job of a queue that should run next, if one may run now.

        By priority, then by age; parts have those of the job that they belong to.
        """

    def claim(
        self, job_id: str, lease: Lease, now: datetime, bounds: Bounds | None = None
    ) -> Job | None:
        """Take a job that is queued, or running on a lease that ended; None if not to be had.

        One transaction decides, so of many claimants one wins, and the bounds hold. `attempt` grows
        by one. The job's `error` is still that of the attempt before.
        """

    def renew(
        self,
        job_id: str,
        token: str,
        until: datetime,
        progress: float,
        message: str,
        seconds_left: float | None = None,
    ) -> bool | None:
        """Prolong the lease, tell progress; return whether to cancel, None if the lease is lost."""

    def finish(self, job_id: str, token: str, ending: Ending, now: datetime) -> Released | None:
        """End the job, or put it back for another attempt; None: the lease is lost."""

    def park(
        self, job_id: str, token: str, parts: Sequence[NewJob], message: str, now: datetime
    ) -> Released | None:
        """Add a job's parts and let go of it until they have ended; None: the lease is lost.

        A part whose idempotency key is there already is not added again. If none is open, the job is
        queued at once.
        """

    def jobs(self, job_ids: Sequence[str]) -> Mapping[str, Job]:
        """Return id → job of those that there are."""

    def recover(self, now: datetime, latest: datetime | None = None) -> Sequence[Released]:
        """Put back running jobs whose lease ended, with an event each; return those changed.

        One that was asked to stop ends CANCELLED, one after `max_attempts` ends DEAD. A lease that
        ends after `latest` was given before the clock was set back: it has ended too.
        """

    def waiting(self, resend_after: timedelta, now: datetime) -> Sequence[Job]:
        """Return queued jobs that may run and of which no worker heard lately; mark them as told.

        Of each queue the few that run first, in this order. The longer a job waits, the rarer it is
        told again, as each telling is a message that stays in the broker until a worker comes.
        """


class JobQueue(Protocol):
    """Carries job ids to workers; may lose, repeat and reorder them."""

    def send(self, job_id: str, queue: str) -> None:
        """Wake a worker for a job of a queue. Raises Unavailable if the broker is away."""
