"""The worker's side of a job: claim it, run it in a process of its own, hold the lease, end it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import structlog

from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.jobs.job import Job, JobState, Lease, change_of
from minerva.layers.abstraction.jobs.jobs import JOB_STATE, wake
from minerva.layers.abstraction.jobs.process import JobProcess, spawn
from minerva.layers.abstraction.jobs.store import JobLeases, JobQueue

log = structlog.get_logger()

MODULE = "minerva.job_process"
POLL_S = 0.2
BEATS_PER_LEASE = 4


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended; `state` QUEUED: to be tried again."""

    state: JobState
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class LeaseLost(Exception):
    """Another attempt holds the job; this one must leave no trace."""


@dataclass(frozen=True)
class Limits:
    """What an attempt may take."""

    lease_s: float
    time_s: float
    memory_mb: int


@dataclass
class Runner:
    """Runs jobs by id. Safe to be called twice for one id, by anyone, at any time."""

    leases: JobLeases
    queue: JobQueue
    folder: Path
    owner: str
    limits: Limits
    workspace: Path
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    tell: Tell = nobody
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, job_id: str) -> None:
        """Run a job to the end of one attempt; nothing happens if it is not to be had."""
        if self._stopping.is_set():
            return
        lease = Lease(self.new_id(), self.owner, self._until())
        job = self.leases.claim(job_id, lease, self.now())
        if job is None:
            log.debug("job.not_claimed", job_id=job_id)
            return
        with structlog.contextvars.bound_contextvars(**_facts(job)):
            self._run(job, lease)

    def stop(self) -> None:
        """Put running jobs back to be run by another worker; take no more."""
        self._stopping.set()

    def _run(self, job: Job, lease: Lease) -> None:
        log.info("job.started", attempt=job.attempt, kind=job.kind)
        self.tell(JOB_STATE, job=change_of(job))
        started = time.monotonic()
        try:
            outcome = self._attempt(job, lease.token)
            kept = self._finish(job, lease.token, outcome)
        except LeaseLost:
            kept = False
        if not kept:
            log.warning("job.lease_lost", attempt=job.attempt)
            return
        seconds = round(time.monotonic() - started, 3)
        code = (outcome.error or {}).get("code")
        event = f"job.{_verb(outcome.state)}"
        log.info(event, attempt=job.attempt, seconds=seconds, code=code)
        self.tell(JOB_STATE, job=change_of(replace(job, state=outcome.state, error=outcome.error)))
        if outcome.state is JobState.QUEUED and not self._stopping.is_set():
            wake(self.queue, job.id, job.kind)

    def _attempt(self, job: Job, token: str) -> Outcome:
        spec = msgspec.json.encode({"job": job, "memory_mb": self.limits.memory_mb})
        log_file = self.folder / job.id / f"attempt-{job.attempt}.log"
        try:
            with spawn(MODULE, spec, self.workspace, log_file) as child:
                return self._watch(job, token, child)
        except OSError as error:
            message = f"The job's process could not be started: {error.strerror}."
            return self._again(job, "unavailable", message)

    def _watch(self, job: Job, token: str, child: JobProcess) -> Outcome:
        watch = _Watch(self, job, token)
        while child.running and watch.outcome is None:
            for message in child.messages(POLL_S):
                watch.take(message)
            stop = watch.reason_to_stop()
            if stop is not None:
                return stop
        code = child.wait()
        return watch.outcome or self._again(job, "process_ended", _why_ended(code))

    def _again(self, job: Job, code: str, message: str) -> Outcome:
        """Another attempt if there is one left, else the end."""
        state = JobState.QUEUED if job.attempt < job.max_attempts else JobState.DEAD
        return Outcome(state, error={"code": code, "message": message, "faults": []})

    def _finish(self, job: Job, token: str, outcome: Outcome) -> bool:
        deadline = time.monotonic() + self.limits.lease_s
        while True:
            try:
                return self.leases.finish(
                    job.id,
                    token,
                    outcome.state,
                    self.now(),
                    result=outcome.result,
                    error=outcome.error,
                )
            except Unavailable as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("job.finish_delayed", reason=error.message)
                threading.Event().wait(1)

    def _until(self) -> datetime:
        return self.now() + timedelta(seconds=self.limits.lease_s)


@dataclass
class _Watch:
    """What is known of one attempt while it runs."""

    runner: Runner
    job: Job
    token: str
    outcome: Outcome | None = None
    progress: float = 0.0
    message: str = ""
    started: float = field(default_factory=time.monotonic)
    beaten: float = -1e9

    def take(self, message: dict[str, Any]) -> None:
        """Note what the child says."""
        match message:
            case {"progress": int() | float() as progress, "message": str() as text}:
                self.progress, self.message = float(progress), text
            case {"result": dict() as result}:
                self.outcome = Outcome(JobState.SUCCEEDED, result=result)
            case {"error": {"code": str() as code, "message": str() as text, "transient": True}}:
                self.outcome = self.runner._again(self.job, code, text)  # noqa: SLF001 - two halves of one idea
            case {"error": {"code": str(), "message": str(), "faults": list()} as error}:
                told = {name: error[name] for name in ("code", "message", "faults")}
                self.outcome = Outcome(JobState.FAILED, error=told)
            case _:
                log.warning("job.message_ignored")

    def reason_to_stop(self) -> Outcome | None:
        """Renew the lease when it is time; return why the child must end now, if it must."""
        if self.runner._stopping.is_set():  # noqa: SLF001 - as above
            error = {"code": "worker_stopped", "message": "The worker was stopped.", "faults": []}
            return Outcome(JobState.QUEUED, error=error)
        limits = self.runner.limits
        if time.monotonic() - self.started > limits.time_s:
            message = f"The job ran longer than {limits.time_s:g} s (MINERVA_JOB_TIME_LIMIT_S)."
            error = {"code": "time_limit", "message": message, "faults": []}
            return Outcome(JobState.FAILED, error=error)
        if time.monotonic() - self.beaten < limits.lease_s / BEATS_PER_LEASE and not self._told():
            return None
        return self._beat()

    def _told(self) -> bool:
        """Progress is written at most twice a second."""
        return time.monotonic() - self.beaten > 0.5 and self.progress > self._written  # noqa: PLR2004 - documented above

    _written: float = 0.0

    def _beat(self) -> Outcome | None:
        try:
            cancel = self.runner.leases.renew(
                self.job.id,
                self.token,
                self.runner._until(),  # noqa: SLF001 - as above
                self.progress,
                self.message,
            )
        except MinervaError as error:
            log.warning("job.heartbeat_failed", reason=error.message)
            return None
        self.beaten, self._written = time.monotonic(), self.progress
        if cancel is None:
            raise LeaseLost
        return Outcome(JobState.CANCELLED) if cancel else None


def _facts(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "tenant": job.tenant,
        "service": job.service,
        "request_id": job.request_id,
        "trace_id": job.trace_id,
        "layer": "abstraction",
    }


def _why_ended(code: int) -> str:
    if code < 0:
        return f"The job's process was ended by signal {-code}; out of memory is a usual cause."
    return f"The job's process ended with code {code} and no result; see the job's log."


def _verb(state: JobState) -> str:
    return "requeued" if state is JobState.QUEUED else state.value
