"""What jobs leave outside of their own folder, taken away when they have ended, however they ended."""

from __future__ import annotations

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


def clean_up(kinds: Kinds, job: Job) -> None:
    """Let the kind of a job that has ended clean up; what goes wrong is logged."""
    kind = kinds.get(job.kind)
    if not job.state.ended or not isinstance(kind, Cleans):
        return
    try:
        kind.clean(job)
    except MinervaError as error:
        log.warning("job.not_cleaned_up", job_id=job.id, kind=job.kind, reason=error.message)
