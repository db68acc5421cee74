"""Jobs as callers meet them: submit, look, cancel, try again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from minerva.errors import InvalidInput, NotFound, Unavailable
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.jobs.job import Job, JobEvent, JobState, NewJob, change_of
from minerva.layers.abstraction.jobs.kind import Kind, Kinds
from minerva.layers.abstraction.jobs.leavings import clean_up
from minerva.layers.abstraction.jobs.limits import JobLimits, declared_limits
from minerva.layers.abstraction.jobs.store import JobQueue, JobStore, Load
from minerva.layers.abstraction.registry.manifest import digest
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.webhooks.targets import Targets

log = structlog.get_logger()

TRAIN, BATCH = "train", "batch"
JOB_STATE = "minerva_job_state"
LOWEST, HIGHEST = -100, 100
"""Priorities that a caller may ask for."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who asks for a job, and how it is to be treated."""

    tenant: str
    service: str
    author: str
    request_id: str = ""
    trace_id: str = ""
    idempotency_key: str | None = None
    callback_url: str | None = None
    priority: int | None = None
    """None: as the service declares."""
    meaning: Mapping[str, Any] | None = None
    """What the same idempotency key must mean again; None: the payload itself."""


@dataclass(frozen=True)
class Jobs:
    """The use cases of offline work."""

    store: JobStore
    queue: JobQueue
    registry: Registry
    kinds: Callable[[], Kinds]
    folder: Path
    """Where the captured output of attempts is kept."""
    max_attempts: int
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    limits: JobLimits = field(default_factory=JobLimits)
    """What applies where the service's declaration is silent."""
    targets: Targets = field(default_factory=Targets)
    """Where a `callback_url` may lead."""
    tell: Tell = nobody

    def submit(
        self, kind: str, asked: Asked, payload: Mapping[str, Any] | None = None
    ) -> tuple[Job, bool]:
        """Accept a job on the newest configuration; return it and whether it is new.

        Raises NotFound for an unknown service, InvalidInput for an unknown kind, what the kind raises
        for a payload that cannot lead to anything, and what `Targets.check` does of a `callback_url`.
        """
        configuration = self.registry.configuration(asked.tenant, asked.service)
        found = self.find(kind)
        new = self._new(found, configuration, asked, dict(payload or {}))
        known = self.store.known(new)  # before the check: what was fine then may not be any more
        if known is not None:
            return known, False
        if new.callback_url is not None:
            self.targets.check(new.callback_url)
        checked = found.check(configuration, new.payload)
        job, fresh = self.store.submit(replace(new, payload=checked))
        if fresh:
            log.info("job.submitted", job_id=job.id, kind=job.kind, service=job.service)
            self.tell(JOB_STATE, job=change_of(job))
            wake(self.queue, job)
        return job, fresh

    def find(self, kind: str) -> Kind:
        """Return a kind by its name. Raises InvalidInput."""
        kinds = self.kinds()
        if kind not in kinds:
            known = ", ".join(sorted(name for name in kinds if "." not in name))
            raise InvalidInput(f"There is no kind of job {kind!r}: known are {known}.")
        return kinds[kind]

    def load(self) -> Mapping[str, Load]:
        """Return what there is to do now in each queue, of all tenants. Raises Unavailable."""
        return self.store.load(self.now())

    def get(self, tenant: str, job_id: str) -> Job:
        """Return a job. Raises NotFound."""
        return _found(self.store.get(tenant, job_id), job_id)

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
        """Return jobs, newest first; parts only of the job that is named as their parent."""
        return self.store.list(
            tenant,
            service=service,
            state=state,
            kind=kind,
            parent=parent,
            before=before,
            limit=limit,
        )

    def cancel(self, tenant: str, job_id: str) -> Job:
        """Cancel a queued job, ask a running one to stop. Raises NotFound."""
        now = self.now()
        released = self.store.cancel(tenant, job_id, now)
        job = _found(released.job if released else None, job_id)
        log.info("job.cancel_asked", job_id=job_id, state=job.state.value)
        if job.state is JobState.CANCELLED and job.finished_at == now:
            self.tell(JOB_STATE, job=change_of(job))
            clean_up(self.kinds(), job)
        for woken in released.woken if released else ():
            wake(self.queue, woken)
        return job

    def retry(self, tenant: str, job_id: str, by: str) -> Job:
        """Queue again a job that did not succeed. Raises NotFound, Conflict."""
        kind = self.kinds().get(self.get(tenant, job_id).kind)
        retried = self.store.retry(tenant, job_id, self._attempts(kind), by, self.now())
        job = _found(retried, job_id)
        log.info("job.retry_asked", job_id=job_id, kind=job.kind, author=by)
        self.tell(JOB_STATE, job=change_of(job))
        for one in (job, *self.store.parts(tenant, job_id)):
            if one.state is JobState.QUEUED:
                wake(self.queue, one)
        return job

    def events(self, tenant: str, job_id: str, after: int = 0) -> Sequence[JobEvent]:
        """Return a job's history after entry number `after`. Raises NotFound."""
        self.get(tenant, job_id)
        return self.store.events(tenant, job_id, after)

    def log(self, tenant: str, job_id: str) -> str:
        """Return what the attempts printed, in order. Raises NotFound.

        Whole where this machine ran them, else the end of it as far as the attempt ended.
        """
        self.get(tenant, job_id)
        texts = dict(self.store.logs(tenant, job_id))
        for path in (self.folder / job_id).glob("attempt-*.log"):
            texts[_attempt(path)] = path.read_text(encoding="utf-8", errors="replace")
        return "".join(text for _, text in sorted(texts.items()))

    def _attempts(self, kind: Kind | None) -> int:
        declared = None if kind is None else kind.backoff
        return len(declared) + 1 if declared else self.max_attempts

    def _new(
        self, kind: Kind, configuration: Configuration, asked: Asked, payload: dict[str, Any]
    ) -> NewJob:
        declared = parse(configuration.declaration).jobs
        priority = declared.priority if asked.priority is None else asked.priority
        if not LOWEST <= priority <= HIGHEST:
            raise InvalidInput(f"A priority is a number from {LOWEST} to {HIGHEST}.")
        return NewJob(
            id=self.new_id(),
            tenant=asked.tenant,
            service=asked.service,
            kind=kind.name,
            payload=payload,
            configuration_revision=configuration.revision,
            author=asked.author,
            idempotency_key=asked.idempotency_key,
            request_id=asked.request_id or self.new_id(),
            trace_id=asked.trace_id,
            max_attempts=self._attempts(kind),
            created_at=self.now(),
            queue=kind.queue,
            priority=priority,
            callback_url=asked.callback_url,
            request=digest(payload if asked.meaning is None else asked.meaning),
            limits=declared_limits(self.limits, declared).to_json(),
        )


def wake(queue: JobQueue, job: Job) -> None:
    """Send the id; a broker that is away loses nothing, the sweeper sends it again."""
    try:
        queue.send(job.id, job.queue)
    except Unavailable as error:
        log.warning("queue.away", job_id=job.id, reason=error.message)


def _found(job: Job | None, job_id: str) -> Job:
    if job is None:
        raise NotFound(f"There is no job {job_id!r}.")
    return job


def _attempt(path: Path) -> int:
    return int(path.stem.removeprefix("attempt-"))
