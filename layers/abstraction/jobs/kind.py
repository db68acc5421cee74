"""The kinds of jobs: what is checked before one is queued, and what is done when it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minerva.algorithm import Progress
from minerva.layers.abstraction.jobs.job import NewJob, Queue
from minerva.layers.abstraction.registry.records import Configuration


@dataclass(frozen=True)
class Attempt:
    """What one run of a job is given."""

    progress: Progress
    folder: Path
    """Scratch, on this machine: kept from attempt to attempt, removed when the job has ended."""
    number: int = 1


@dataclass(frozen=True)
class Part:
    """A job that is a part of another; `key` names it within that one."""

    kind: str
    payload: dict[str, Any]
    key: str
    service: str | None = None
    """Another service that it is about; None: that of the job, with its configuration and limits."""
    revision: int = 0
    """Of the other service's configuration."""
    limits: dict[str, Any] | None = None
    """The other service's; see `limits.JobLimits`."""


@dataclass(frozen=True)
class Parts:
    """What a job says that goes on only when all of these have ended, however they end."""

    parts: Sequence[Part]
    message: str = ""


class Kind(Protocol):
    """One kind of job."""

    @property
    def name(self) -> str: ...
    @property
    def queue(self) -> Queue: ...
    @property
    def apart(self) -> bool:
        """Whether it runs in a child process; else in a thread, which is for short, harmless work."""

    @property
    def backoff(self) -> Sequence[float] | None:
        """Seconds between attempts, which also says how many there are; None: as the settings say."""

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the payload as it is kept, quickly and importing nothing heavy.

        Raises InvalidInput, NotFound, Conflict or NotPermitted for what can be known to fail.
        """

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any] | Parts:
        """Do it and return the result, or `Parts` to be called again when they have ended.

        May be called again after a crash at any point: effects must come out the same. Raises
        Unavailable for what may pass, which leads to another attempt; anything else ends the job.
        """


Kinds = Mapping[str, Kind]
