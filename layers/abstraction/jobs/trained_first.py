"""Trainings that come before that of a flow: of each service that it asks, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from minerva.errors import AlgorithmFailed, Fault, InvalidInput
from minerva.layers.abstraction.jobs.job import Job, JobState, NewJob
from minerva.layers.abstraction.jobs.jobs import TRAIN
from minerva.layers.abstraction.jobs.kind import Part, Parts
from minerva.layers.abstraction.jobs.limits import JobLimits, declared_limits
from minerva.layers.abstraction.jobs.store import JobStore
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.parsing import parse

WITH_SERVICES = "with_services"
"""Member of a call: true; of the payload that is kept: the services, in order."""
NeedOf = Callable[[Configuration], Sequence[str] | None]
"""Returns the services to train before one, in order; None: it is none that asks others."""


@dataclass(frozen=True)
class TrainedFirst:
    """Has services trained as parts of a flow's training."""

    need: NeedOf
    registry: Registry
    jobs: JobStore
    limits: JobLimits
    """Where a service's declaration is silent."""

    def check(self, configuration: Configuration, wanted: Any) -> dict[str, Any]:
        """Return what the payload keeps. Raises InvalidInput, NotFound."""
        if wanted is None or wanted is False:
            return {}
        if wanted is not True:
            raise _misfit("expected true or false")
        need = self.need(configuration)
        if need is None:
            raise _misfit("is for a flow: this service asks no others")
        return {WITH_SERVICES: list(need)}

    def next(self, job: NewJob) -> Parts | None:
        """Return the training that is still to come, None if all are done. Raises AlgorithmFailed."""
        parts = self._parts(job)
        for name in job.payload.get(WITH_SERVICES, ()):
            part = parts.get(name)
            if part is None or not part.state.ended:
                return Parts([self._part(job.tenant, name)], f"trains {name} first")
            if part.state is not JobState.SUCCEEDED:
                raise _failed(part)
        return None

    def told(self, job: NewJob) -> dict[str, Any]:
        """Return what the result tells: service → version, and whether that serves."""
        if WITH_SERVICES not in job.payload:
            return {}
        made = {name: part.result or {} for name, part in self._parts(job).items()}
        told = ("version", "promoted", "verdict")
        return {
            "services": {name: {key: one.get(key) for key in told} for name, one in made.items()}
        }

    def _parts(self, job: NewJob) -> dict[str, Job]:
        if not job.payload.get(WITH_SERVICES):
            return {}
        return {part.service: part for part in self.jobs.parts(job.tenant, job.id)}

    def _part(self, tenant: str, service: str) -> Part:
        newest = self.registry.configuration(tenant, service)
        limits = declared_limits(self.limits, parse(newest.declaration).jobs)
        return Part(TRAIN, {}, service, service, newest.revision, limits.to_json())


def _failed(part: Job) -> AlgorithmFailed:
    why = (part.error or {}).get("message", f"the job was {part.state.value}")
    return AlgorithmFailed(
        f"Service {part.service!r}, which the flow asks, could not be trained (job {part.id}): {why}"
    )


def _misfit(message: str) -> InvalidInput:
    fault = Fault(f"/{WITH_SERVICES}", message)
    return InvalidInput("The services that are asked cannot be trained first.", faults=[fault])
