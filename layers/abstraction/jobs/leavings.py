"""What jobs leave outside of their own folder: it counts while they run, and is removed when they end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.jobs.job import Job
from minerva.layers.abstraction.jobs.kind import Kinds

log = structlog.get_logger()


@runtime_checkable
class Cleans(Protocol):
    """A kind of job that leaves something outside of the job's folder."""

    def clean(self, job: Job) -> None:
        """Take it away; called by whoever ended the job, more than once perhaps."""


@runtime_checkable
class Stages(Protocol):
    """A kind of job that writes outside of the job's folder while it runs."""

    def staged(self, job: Job) -> Path | None:
        """Return the folder that counts towards the job's limit of disk; None: none of this machine."""


def folders_of(kinds: Kinds, job: Job, own: Path) -> Sequence[Path]:
    """Return the folders in which a job writes, its own one first."""
    kind = kinds.get(job.kind)
    if not isinstance(kind, Stages):
        return [own]
    staged = kind.staged(job)
    return [own] if staged is None else [own, staged]


def clean_up(kinds: Kinds, job: Job) -> bool:
    """Let the kind of a job that has ended clean up; False: something went wrong, which is logged."""
    kind = kinds.get(job.kind)
    if not job.state.ended or not isinstance(kind, Cleans):
        return True
    try:
        kind.clean(job)
    except MinervaError as error:
        log.warning("job.not_cleaned_up", job_id=job.id, kind=job.kind, reason=error.message)
        return False
    return True
