"""The worker's side of a job: claim it, run it, hold the lease, end it."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import msgspec
import structlog

from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.jobs.here import JobThread
from minerva.layers.abstraction.jobs.job import Job, JobState, Lease, NewJob, change_of
from minerva.layers.abstraction.jobs.jobs import JOB_STATE, wake
from minerva.layers.abstraction.jobs.kind import Attempt, Kinds, Parts
from minerva.layers.abstraction.jobs.leavings import clean_up, folders_of
from minerva.layers.abstraction.jobs.limits import Bounds, limits_of
from minerva.layers.abstraction.jobs.outcome import (
    Outcome,
    ended_silently,
    out_of_memory_again,
    passing,
)
from minerva.layers.abstraction.jobs.pauses import pause_s
from minerva.layers.abstraction.jobs.slots import Slots
from minerva.layers.abstraction.jobs.spares import Spares
from minerva.layers.abstraction.jobs.store import Ending, JobLeases, JobQueue, Released
from minerva.layers.abstraction.jobs.telling import Told
from minerva.layers.abstraction.jobs.watch import LeaseLost, Watch

log = structlog.get_logger()

POLL_S = 0.2
WORK = "work"
"""The job's own folder, beside the captured output of its attempts."""
KEPT_LOG_BYTES = 64 * 1024


class Running(Protocol):
    """An attempt that runs: a process, or a thread of this one."""

    @property
    def running(self) -> bool:
        """Whether there is more to come."""

    def messages(self, timeout_s: float) -> list[Told]:
        """Return what it says within `timeout_s`."""

    def wait(self) -> int:
        """Return the exit code of one that has ended."""


@dataclass(frozen=True)
class Pace:
    """The times of a worker, in seconds."""

    lease_s: float
    first_pause_s: float = 2.0
    """Between the first attempt and the second."""


@dataclass
class Runner:
    """Runs jobs. Safe to be called twice for one id, by anyone, at any time."""

    leases: JobLeases
    queue: JobQueue
    kinds: Callable[[], Kinds]
    folder: Path
    owner: str
    pace: Pace
    slots: Slots
    bounds: Bounds
    spares: Spares
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    tell: Tell = nobody
    chance: Callable[[], float] = random.random
    _stopping: threading.Event = field(default_factory=threading.Event)

    def serve(self, queue: str, job_id: str = "") -> None:
        """Run jobs of a queue, the best first, until none may run; nothing if all places are taken.

        `job_id` is the job whose message woke us. It need not be the one that runs.
        """
        log.debug("queue.woken", queue=queue, job_id=job_id)
        while self.slots.enter(queue):
            try:
                while not self._stopping.is_set() and self._run_next(queue):
                    continue
            finally:
                called = self.slots.leave(queue)
            if not called or self._stopping.is_set():
                return

    def run(self, job_id: str) -> bool:
        """Run one attempt of a job to its end; False: it is not to be had."""
        if self._stopping.is_set():
            return False
        lease = Lease(self.new_id(), self.owner, self.now() + timedelta(seconds=self.pace.lease_s))
        job = self.leases.claim(job_id, lease, self.now(), self.bounds)
        if job is None:
            log.debug("job.not_claimed", job_id=job_id)
            return False
        with structlog.contextvars.bound_contextvars(**facts(job)):
            self._run(job, lease)
        return True

    def tidy(self) -> None:
        """Remove what jobs left on this machine that have ended elsewhere, or with their worker."""
        left = {path.parent.name: path for path in self.folder.glob(f"*/{WORK}")}
        if not left:
            return
        known = self.leases.jobs(sorted(left))
        for job_id, work in left.items():
            job = known.get(job_id)
            if job is None or (job.state.ended and clean_up(self.kinds(), job)):
                shutil.rmtree(work, ignore_errors=True)

    def ready(self) -> AbstractContextManager[None]:
        """Keep spare processes as long as the block lasts."""
        return self.spares.kept()

    def stop(self) -> None:
        """Put running jobs back to be run by another worker; take no more."""
        self._stopping.set()

    def _run_next(self, queue: str) -> bool:
        try:
            job_id = self.leases.next(queue, self.now(), self.bounds)
            if job_id is not None:
                self.run(job_id)
        except MinervaError as error:  # the sweeper sends again what nobody took
            log.warning("queue.not_served", queue=queue, reason=error.message)
            return False
        return job_id is not None

    def _run(self, job: Job, lease: Lease) -> None:
        log.info("job.started", attempt=job.attempt, kind=job.kind)
        self.tell(JOB_STATE, job=change_of(job))
        started = time.monotonic()
        try:
            outcome = self._decide(job, self._attempt(job, lease.token))
            released = self._release(job, lease.token, outcome)
        except LeaseLost:
            released = None
        if released is None:
            log.warning("job.lease_lost", attempt=job.attempt)
            return
        self._told(released, outcome, round(time.monotonic() - started, 3))

    def _attempt(self, job: Job, token: str) -> Outcome:
        try:
            work = self.folder / job.id / WORK
            work.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._started(job, work) as running:
                return self._watch(job, token, running, work)
        except OSError as error:
            message = f"The job's process could not be started: {error.strerror}."
            return passing("unavailable", message)

    @contextmanager
    def _started(self, job: Job, work: Path) -> Iterator[Running]:
        kind = self.kinds().get(job.kind)
        if kind is not None and not kind.apart:
            yield JobThread(
                lambda put: kind.work(job, Attempt(_reporter(put), work, job.attempt)),
                f"job-{job.kind}",
            )
            return
        limits = limits_of(job.limits)
        log_file = self._log_file(job)
        spec = {
            "job": job, "memory_mb": limits.memory_mb, "folder": str(work), "log": str(log_file)
        }  # fmt: skip
        with self.spares.at_work(msgspec.json.encode(spec), log_file) as child:
            yield child

    def _watch(self, job: Job, token: str, running: Running, work: Path) -> Outcome:
        watch = Watch(
            job, token, self.leases, limits_of(job.limits), self.pace.lease_s,
            folders_of(self.kinds(), job, work), self.now, self._stopping.is_set,
        )  # fmt: skip
        while running.running and watch.outcome is None:
            for message in running.messages(POLL_S):
                watch.take(message)
            stop = watch.reason_to_stop()
            if stop is not None and watch.outcome is None:
                return stop
        code = running.wait()
        self.spares.libraries |= watch.libraries
        return watch.outcome or ended_silently(code)

    def _decide(self, job: Job, outcome: Outcome) -> Outcome:
        """Let a job that may be tried again die if it has no attempt left."""
        if outcome.state is not JobState.QUEUED or not outcome.counts:
            return outcome
        spent = job.attempt >= job.max_attempts or out_of_memory_again(outcome, job.error)
        return replace(outcome, state=JobState.DEAD) if spent else outcome

    def _release(self, job: Job, token: str, outcome: Outcome) -> Released | None:
        deadline = time.monotonic() + self.pace.lease_s
        while True:
            try:
                return self._let_go(job, token, outcome)
            except Unavailable as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("job.finish_delayed", reason=error.message)
                threading.Event().wait(1)

    def _let_go(self, job: Job, token: str, outcome: Outcome) -> Released | None:
        if outcome.parts is not None:
            parts = self._parts(job, outcome.parts)
            return self.leases.park(job.id, token, parts, outcome.parts.message, self.now())
        ending = Ending(
            outcome.state,
            outcome.result,
            outcome.error,
            self._not_before(job, outcome),
            outcome.counts,
            _end_of(self._log_file(job)),
        )
        return self.leases.finish(job.id, token, ending, self.now())

    def _not_before(self, job: Job, outcome: Outcome) -> datetime | None:
        if outcome.state is not JobState.QUEUED or not outcome.counts:
            return None
        kind = self.kinds().get(job.kind)
        declared = kind.backoff if kind is not None else None
        number = _tried(job, declared) if declared else job.attempt
        pause = pause_s(number, self.pace.first_pause_s, self.chance, declared)
        return self.now() + timedelta(seconds=pause) if pause > 0 else None

    def _parts(self, job: Job, parts: Parts) -> list[NewJob]:
        kinds, now = self.kinds(), self.now()
        return [
            NewJob(
                id=self.new_id(),
                tenant=job.tenant,
                service=part.service or job.service,
                kind=part.kind,
                payload=part.payload,
                configuration_revision=part.revision or job.configuration_revision,
                author=job.author,
                idempotency_key=f"part:{job.id}:{part.key}",
                request_id=job.request_id,
                trace_id=job.trace_id,
                max_attempts=job.max_attempts - job.attempt + 1,
                created_at=now + timedelta(microseconds=number),  # the order in which they are made
                queue=kinds[part.kind].queue if part.kind in kinds else job.queue,
                priority=job.priority,
                parent=job.id,
                limits=job.limits if part.limits is None else part.limits,
            )
            for number, part in enumerate(parts.parts)
        ]

    def _told(self, released: Released, outcome: Outcome, seconds: float) -> None:
        job = released.job
        code = (outcome.error or {}).get("code")
        event = f"job.{_verb(job, outcome)}"
        log.info(event, attempt=job.attempt, seconds=seconds, code=code)
        self.tell(JOB_STATE, job=change_of(job))
        if job.state.ended and clean_up(self.kinds(), job):  # else `tidy` tries again
            shutil.rmtree(self.folder / job.id / WORK, ignore_errors=True)
        again = [job] if job.state is JobState.QUEUED and job.not_before is None else []
        for woken in () if self._stopping.is_set() else (*again, *released.woken):
            wake(self.queue, woken)

    def _log_file(self, job: Job) -> Path:
        return self.folder / job.id / f"attempt-{job.attempt}.log"


def facts(job: Job) -> dict[str, Any]:
    """Return what every event of a job's log carries."""
    return {
        "job_id": job.id,
        "tenant": job.tenant,
        "service": job.service,
        "request_id": job.request_id,
        "trace_id": job.trace_id,
        "layer": "abstraction",
    }


def _reporter(put: Callable[[Told], None]) -> Any:
    def report(fraction: float, message: str = "") -> None:
        put({"progress": float(fraction), "message": str(message)})

    return report


def _end_of(path: Path) -> str:
    """Return the end of a file as text that every database takes, "" where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - KEPT_LOG_BYTES))
            return file.read().decode(errors="replace").replace("\0", "")
    except OSError:
        return ""


def _tried(job: Job, pauses: Sequence[float]) -> int:
    """Return how many attempts were made since the job was last asked for: a replay begins anew."""
    return max(1, len(pauses) + 1 - (job.max_attempts - job.attempt))


def _verb(job: Job, outcome: Outcome) -> str:
    if outcome.parts is not None:
        return "waits_for_parts"
    return "requeued" if job.state is JobState.QUEUED else job.state.value
