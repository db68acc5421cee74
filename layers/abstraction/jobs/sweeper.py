"""The regular look at what no one holds: lost leases and lost messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.jobs.job import JobState, change_of
from minerva.layers.abstraction.jobs.jobs import JOB_STATE, Jobs, wake
from minerva.layers.abstraction.jobs.leavings import clean_up
from minerva.layers.abstraction.jobs.store import JobLeases, JobQueue

log = structlog.get_logger()


@dataclass(frozen=True)
class Sweeper:
    """Run by beat every few seconds, on any number of workers: doing it twice does nothing more."""

    leases: JobLeases
    queue: JobQueue
    jobs: Jobs
    resend_after_s: float
    longest_lease: timedelta
    """No lease lasts longer: one that seems to was given before the clock was set back."""
    now: Callable[[], datetime]
    others: Sequence[Callable[[], None]] = ()
    """What else is looked at; safe to be done by many at once."""

    def tick(self) -> None:
        """Recover and send again."""
        now = self.now()
        for released in self.leases.recover(now, now + self.longest_lease):
            job = released.job
            log.warning("job.recovered", job_id=job.id, state=job.state.value, attempt=job.attempt)
            self.jobs.tell(JOB_STATE, job=change_of(job))
            clean_up(self.jobs.kinds(), job)
            for woken in (job, *released.woken):
                if woken.state is JobState.QUEUED:
                    wake(self.queue, woken)
        for job in self.leases.waiting(timedelta(seconds=self.resend_after_s), now):
            log.info("job.sent_again", job_id=job.id)
            wake(self.queue, job)
        for look in self.others:
            try:
                look()
            except MinervaError as error:  # the next tick looks again
                log.warning("sweep.not_done", reason=error.message)
