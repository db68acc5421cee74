"""Jobs as callers meet them: submit, look, cancel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from minerva.errors import NotFound, Unavailable
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.jobs.job import Job, JobEvent, JobState, NewJob, change_of
from minerva.layers.abstraction.jobs.store import JobQueue, JobStore
from minerva.layers.abstraction.registry.registry import Registry

log = structlog.get_logger()

TRAIN = "train"
JOB_STATE = "minerva_job_state"


@dataclass(frozen=True)
class Jobs:
    """The use cases of offline work."""

    store: JobStore
    queue: JobQueue
    registry: Registry
    folder: Path
    """Where the captured output of attempts is kept."""
    max_attempts: int
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    tell: Tell = nobody

    def submit_training(
        self,
        tenant: str,
        service: str,
        *,
        request_id: str,
        trace_id: str,
        idempotency_key: str | None,
        author: str,
    ) -> tuple[Job, bool]:
        """Accept a training of the newest configuration; return the job and whether it is new."""
        configuration = self.registry.configuration(tenant, service)
        new = NewJob(
            id=self.new_id(),
            tenant=tenant,
            service=service,
            kind=TRAIN,
            payload={},
            configuration_revision=configuration.revision,
            author=author,
            idempotency_key=idempotency_key,
            request_id=request_id,
            trace_id=trace_id,
            max_attempts=self.max_attempts,
            created_at=self.now(),
        )
        job, fresh = self.store.submit(new)
        if fresh:
            log.info("job.submitted", job_id=job.id, kind=job.kind, service=service)
            self.tell(JOB_STATE, job=change_of(job))
            wake(self.queue, job.id, job.kind)
        return job, fresh

    def get(self, tenant: str, job_id: str) -> Job:
        """Return a job. Raises NotFound."""
        job = self.store.get(tenant, job_id)
        if job is None:
            raise NotFound(f"There is no job {job_id!r}.")
        return job

    def list(
        self,
        tenant: str,
        *,
        service: str | None = None,
        state: JobState | None = None,
        limit: int = 50,
    ) -> Sequence[Job]:
        """Return jobs, newest first."""
        return self.store.list(tenant, service=service, state=state, limit=limit)

    def cancel(self, tenant: str, job_id: str) -> Job:
        """Cancel a queued job, ask a running one to stop. Raises NotFound."""
        now = self.now()
        job = self.store.cancel(tenant, job_id, now)
        if job is None:
            raise NotFound(f"There is no job {job_id!r}.")
        log.info("job.cancel_asked", job_id=job_id, state=job.state.value)
        if job.state is JobState.CANCELLED and job.finished_at == now:
            self.tell(JOB_STATE, job=change_of(job))
        return job

    def events(self, tenant: str, job_id: str, after: int = 0) -> Sequence[JobEvent]:
        """Return a job's history after entry number `after`. Raises NotFound."""
        self.get(tenant, job_id)
        return self.store.events(tenant, job_id, after)

    def log(self, tenant: str, job_id: str) -> str:
        """Return what the attempts printed, in order. Raises NotFound."""
        self.get(tenant, job_id)
        attempts = sorted((self.folder / job_id).glob("attempt-*.log"), key=_attempt)
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in attempts)


def wake(queue: JobQueue, job_id: str, kind: str) -> None:
    """Send the id; a broker that is away loses nothing, the sweeper sends it again."""
    try:
        queue.send(job_id, kind)
    except Unavailable as error:
        log.warning("queue.away", job_id=job_id, reason=error.message)


def _attempt(path: Path) -> int:
    return int(path.stem.removeprefix("attempt-"))
