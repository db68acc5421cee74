"""A job: one unit of offline work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from minerva.events import JobChange


class JobState(StrEnum):
    """Where a job is. `dead`: it ran out of attempts."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD = "dead"

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to the job any more."""
        return self not in {JobState.QUEUED, JobState.RUNNING}


class Queue(StrEnum):
    """Where a job waits: hours of `train` and `batch` delay nothing that is `quick`."""

    TRAIN = "train"
    BATCH = "batch"
    QUICK = "quick"


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is about to be submitted."""

    id: str
    tenant: str
    service: str
    kind: str
    payload: dict[str, Any]
    """What the caller asked for; the same idempotency key again must ask for the same."""
    configuration_revision: int
    author: str
    idempotency_key: str | None
    request_id: str
    trace_id: str
    max_attempts: int
    created_at: datetime
    queue: Queue = Queue.TRAIN
    priority: int = 0
    """In a queue the higher one goes first; equals by age, parts by that of their parent."""
    parent: str | None = None
    """The job that this one is a part of."""
    callback_url: str | None = None
    not_before: datetime | None = None
    request: str | None = None
    """Digest of what the caller asked, before it was completed; None: the payload is what was asked."""
    limits: dict[str, Any] | None = None
    """See `limits.JobLimits`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(NewJob):
    """A job's row: the truth about it."""

    state: JobState
    attempt: int
    """How many times it was claimed."""
    progress: float
    message: str
    seconds_left: float | None = None
    """Estimated, while it runs."""
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    """Why the last attempt did not succeed."""
    cancel_requested: bool
    open_parts: int = 0
    """How many of its parts have not ended; it waits for them."""
    started_at: datetime | None
    finished_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return what a caller may see."""
        return {
            "id": self.id,
            "kind": self.kind,
            "service": self.service,
            "queue": self.queue.value,
            "priority": self.priority,
            "parent": self.parent,
            "state": self.state.value,
            "attempt": self.attempt,
            "max_attempts": self.max_attempts,
            "progress": self.progress,
            "message": self.message,
            "seconds_left": self.seconds_left,
            "open_parts": self.open_parts,
            "result": self.result,
            "error": self.error,
            "request_id": self.request_id,
            "created_at": self.created_at.isoformat(),
            "not_before": self.not_before and self.not_before.isoformat(),
            "started_at": self.started_at and self.started_at.isoformat(),
            "finished_at": self.finished_at and self.finished_at.isoformat(),
        }


def change_of(job: Job) -> JobChange:
    """Return what plugins are told of a job's state: nothing of what it was asked or found."""
    return JobChange(
        id=job.id,
        tenant=job.tenant,
        service=job.service,
        kind=job.kind,
        state=job.state.value,
        attempt=job.attempt,
        author=job.author,
        request_id=job.request_id,
        code=None if job.error is None else job.error.get("code"),
    )


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One entry of a job's history; `number` counts from 1 within the job."""

    number: int
    at: datetime
    state: JobState
    attempt: int
    message: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job until `until`, unless renewed; only its `token` may write the row."""

    token: str
    owner: str
    until: datetime
