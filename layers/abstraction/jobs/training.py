"""Kind `train`: make a version of a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minerva.errors import NotFound
from minerva.layers.abstraction.jobs.data import brought_data, check_data
from minerva.layers.abstraction.jobs.job import NewJob, Queue
from minerva.layers.abstraction.jobs.jobs import TRAIN
from minerva.layers.abstraction.jobs.kind import Attempt, Parts
from minerva.layers.abstraction.jobs.trained_first import WITH_SERVICES, TrainedFirst
from minerva.layers.abstraction.registry.following import refuse_follower
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.training.called import CalledData
from minerva.layers.abstraction.training.versioning import Versioning


@dataclass(frozen=True)
class Training:
    """Makes a version of the configuration revision that the job names."""

    versioning: Versioning
    called: CalledData
    first: TrainedFirst
    name = TRAIN
    queue = Queue.TRAIN
    apart = True
    backoff = None

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Take data other than the declared, and the wish to train first what a flow asks."""
        refuse_follower(configuration, "train")
        data = {name: value for name, value in payload.items() if name != WITH_SERVICES}
        what = f"Beside `{WITH_SERVICES}`, a training"
        checked = check_data(self.called, configuration, data, what)
        return checked | self.first.check(configuration, payload.get(WITH_SERVICES))

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any] | Parts:
        """Return version, metrics and whether it was promoted; before, what is to be trained first."""
        before = self.first.next(job)
        if before is not None:
            return before
        revision = job.configuration_revision
        configurations = self.versioning.registry.configurations
        configuration = configurations.get(job.tenant, job.service, revision)
        if configuration is None:
            raise NotFound(f"Service {job.service!r} has no configuration revision {revision}.")
        made = self.versioning.make(
            configuration,
            brought=brought_data(self.called, job, attempt),
            job_id=job.id,
            author=job.author,
            progress=attempt.progress,
            scratch=attempt.folder,
        )
        return made | self.first.told(job)
