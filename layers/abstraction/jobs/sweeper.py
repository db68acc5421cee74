"""The regular look at what no one holds: lost leases, lost messages, schedules that are due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.jobs.job import JobState, change_of
from minerva.layers.abstraction.jobs.jobs import JOB_STATE, TRAIN, Asked, Jobs, wake
from minerva.layers.abstraction.jobs.store import JobLeases, JobQueue
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.registry.store import RevisionStore
from minerva.layers.abstraction.services.parsing import parse

log = structlog.get_logger()


@dataclass(frozen=True)
class Sweeper:
    """Run by beat every few seconds, on any number of workers: doing it twice does nothing more."""

    leases: JobLeases
    queue: JobQueue
    jobs: Jobs
    revision: RevisionStore
    resend_after_s: float
    longest_lease: timedelta
    """No lease lasts longer: one that seems to was given before the clock was set back."""
    now: Callable[[], datetime]

    def tick(self) -> None:
        """Recover, send again, start what is due."""
        now = self.now()
        for released in self.leases.recover(now, now + self.longest_lease):
            job = released.job
            log.warning("job.recovered", job_id=job.id, state=job.state.value, attempt=job.attempt)
            self.jobs.tell(JOB_STATE, job=change_of(job))
            for woken in (job, *released.woken):
                if woken.state is JobState.QUEUED:
                    wake(self.queue, woken)
        for job in self.leases.waiting(timedelta(seconds=self.resend_after_s), now):
            log.info("job.sent_again", job_id=job.id)
            wake(self.queue, job)
        self._start_due(now)

    def _start_due(self, now: datetime) -> None:
        _, served = self.revision.served()
        for one in served:
            try:
                due = last_due(one.configuration, now)
                if due is not None:
                    self._start(one.configuration, due)
            except MinervaError as error:  # of one service; the others' schedules go on
                name = one.configuration.service
                log.warning("schedule.not_started", service=name, reason=error.message)

    def _start(self, configuration: Configuration, due: datetime) -> None:
        """The idempotency key makes many beats start one training."""
        name = configuration.service
        key = f"schedule:{name}:{due:%Y-%m-%dT%H:%M}"
        asked = Asked(
            tenant=configuration.tenant, service=name, author="schedule", idempotency_key=key
        )
        self.jobs.submit(TRAIN, asked)


def last_due(configuration: Configuration, now: datetime) -> datetime | None:
    """Return the last time up to `now` that the schedule names, if it was declared by then."""
    schedule = parse(configuration.declaration).training.schedule
    if schedule is None:
        return None
    from cronsim import CronSim

    past = CronSim(schedule, now + timedelta(minutes=1), reverse=True)
    due = next((moment for moment in past if moment <= now), None)
    return due if due is not None and due > configuration.created_at else None
