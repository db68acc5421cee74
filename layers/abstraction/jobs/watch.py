"""What a worker knows of an attempt while it runs: progress, the lease, reasons to end it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.jobs.job import Job, JobState
from minerva.layers.abstraction.jobs.kind import Part, Parts
from minerva.layers.abstraction.jobs.limits import JobLimits
from minerva.layers.abstraction.jobs.outcome import Outcome, failed, interrupted, passing
from minerva.layers.abstraction.jobs.store import JobLeases

log = structlog.get_logger()

BEATS_PER_LEASE = 4
LONGEST_BEAT_S = 2.0
"""A wish to cancel is heard with the heartbeat, and the job is to end within five seconds."""
TOLD_EVERY_S = 0.5
"""Progress is written at most so often."""
ESTIMATED_FROM = 0.02
"""Before so much is done nobody can tell how long it takes."""
MEGABYTE = 1024 * 1024


class LeaseLost(Exception):
    """Another attempt holds the job; this one must leave no trace."""


@dataclass
class Watch:
    """One attempt, as its worker sees it."""

    job: Job
    token: str
    leases: JobLeases
    limits: JobLimits
    lease_s: float
    folders: Sequence[Path]
    """Where the attempt writes."""
    now: Callable[[], datetime]
    stopping: Callable[[], bool]
    outcome: Outcome | None = None
    progress: float = 0.0
    message: str = ""
    libraries: frozenset[str] = frozenset()
    """Which large ones the attempt had imported in the end."""
    _written: tuple[float, str] = (0.0, "")
    _first: tuple[float, float] | None = None
    """When progress was first told, and how much it was."""
    _started: float = field(default_factory=time.monotonic)
    _beaten: float = -1e9

    def take(self, message: dict[str, Any]) -> None:
        """Note what the attempt says."""
        match message:
            case {"progress": int() | float() as progress, "message": str() as text}:
                self.progress, self.message = float(progress), text
                self._first = self._first or (time.monotonic(), self.progress)
            case {"libraries": list() as libraries}:
                self.libraries = frozenset(map(str, libraries))
            case {"result": dict() as result}:
                self.outcome = Outcome(JobState.SUCCEEDED, result=result)
            case {"parts": list() as parts, "message": str() as text}:
                self.outcome = Outcome(JobState.RUNNING, parts=_parts(parts, text))
            case {"error": {"code": str() as code, "message": str() as text, "transient": True}}:
                self.outcome = passing(code, text)
            case {"error": {"code": str(), "message": str(), "faults": list()} as error}:
                self.outcome = failed(error["code"], error["message"], error["faults"])
            case _:
                log.warning("job.message_ignored")

    def reason_to_stop(self) -> Outcome | None:
        """Renew the lease when it is time; return why the attempt must end now, if it must.

        Raises LeaseLost.
        """
        if self.stopping():
            return interrupted()
        if time.monotonic() - self._started > self.limits.time_s:
            message = (
                f"The job ran longer than {self.limits.time_s:g} s: raise its time_s under jobs"
            )
            return failed("time_limit", f"{message}, or MINERVA_JOB_TIME_LIMIT_S.")
        since = time.monotonic() - self._beaten
        told = since > TOLD_EVERY_S and (self.progress, self.message) != self._written
        if since < min(self.lease_s / BEATS_PER_LEASE, LONGEST_BEAT_S) and not told:
            return None
        return self._beat() or self._too_large()

    def _beat(self) -> Outcome | None:
        until = self.now() + timedelta(seconds=self.lease_s)
        told = (self.job.id, self.token, until, self.progress, self.message, self._seconds_left())
        try:
            cancel = self.leases.renew(*told)
        except MinervaError as error:
            log.warning("job.heartbeat_failed", reason=error.message)
            return None
        self._beaten, self._written = time.monotonic(), (self.progress, self.message)
        if cancel is None:
            raise LeaseLost
        return Outcome(JobState.CANCELLED) if cancel else None

    def _seconds_left(self) -> float | None:
        """Estimate from what was done since the first word of it: the start itself tells nothing."""
        since, before = self._first or (0.0, 0.0)
        done = self.progress - before
        if not (done >= ESTIMATED_FROM and self.progress <= 1):
            return None
        return round((time.monotonic() - since) * (1 - self.progress) / done, 1)

    def _too_large(self) -> Outcome | None:
        most = self.limits.disk_mb
        if not most or sum(map(size_of, self.folders)) <= most * MEGABYTE:
            return None
        message = f"The job wrote more than {most} MiB: raise its disk_mb under jobs"
        return failed("disk_limit", f"{message}, or MINERVA_JOB_DISK_MB.")


def size_of(folder: Path) -> int:
    """Return how many bytes the files below a folder hold; what vanishes meanwhile holds none."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size if not path.is_dir() else 0
        except OSError:
            continue
    return total


def _parts(told: list[Any], message: str) -> Parts:
    return Parts([Part(**one) for one in told], message)
