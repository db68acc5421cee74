"""What a job's process does for each kind of job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from minerva.algorithm import Progress
from minerva.errors import NotFound
from minerva.layers.abstraction.jobs.job import NewJob
from minerva.layers.abstraction.jobs.jobs import TRAIN
from minerva.layers.abstraction.training.versioning import Versioning

Work = Callable[[NewJob, Progress], dict[str, Any]]
"""Does a job and returns its result; may be called again after a crash at any point."""


@dataclass(frozen=True)
class Training:
    """Kind `train`: make a version of the configuration revision that the job names."""

    versioning: Versioning

    def __call__(self, job: NewJob, progress: Progress) -> dict[str, Any]:
        """Return version, metrics and whether it was promoted."""
        revision = job.configuration_revision
        configurations = self.versioning.registry.configurations
        configuration = configurations.get(job.tenant, job.service, revision)
        if configuration is None:
            raise NotFound(f"Service {job.service!r} has no configuration revision {revision}.")
        return self.versioning.make(
            configuration, job_id=job.id, author=job.author, progress=progress
        )


def kinds(versioning: Versioning) -> Mapping[str, Work]:
    """Return kind → work."""
    return {TRAIN: Training(versioning)}
