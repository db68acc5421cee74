"""Kind `train`: make a version of a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minerva.errors import NotFound
from minerva.layers.abstraction.jobs.data import brought_data, check_data
from minerva.layers.abstraction.jobs.job import NewJob, Queue
from minerva.layers.abstraction.jobs.jobs import TRAIN
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.training.called import CalledData
from minerva.layers.abstraction.training.versioning import Versioning


@dataclass(frozen=True)
class Training:
    """Makes a version of the configuration revision that the job names."""

    versioning: Versioning
    called: CalledData
    name = TRAIN
    queue = Queue.TRAIN
    apart = True
    backoff = None

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Take data other than the declared; else the configuration says it all."""
        return check_data(self.called, configuration, payload, "A training")

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any]:
        """Return version, metrics and whether it was promoted."""
        revision = job.configuration_revision
        configurations = self.versioning.registry.configurations
        configuration = configurations.get(job.tenant, job.service, revision)
        if configuration is None:
            raise NotFound(f"Service {job.service!r} has no configuration revision {revision}.")
        return self.versioning.make(
            configuration,
            brought=brought_data(self.called, job, attempt),
            job_id=job.id,
            author=job.author,
            progress=attempt.progress,
            scratch=attempt.folder,
        )
