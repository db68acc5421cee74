"""The house as one tenant's flows see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import structlog

from minerva.algorithm import Algorithm
from minerva.errors import (
    AlgorithmFailed,
    Conflict,
    DeadlineExceeded,
    Fault,
    InvalidConfiguration,
    InvalidData,
    InvalidInput,
    MinervaError,
    NotFound,
    Unavailable,
)
from minerva.layers.abstraction.flows.model import FlowModel
from minerva.layers.abstraction.jobs.job import Job, JobState
from minerva.layers.abstraction.jobs.jobs import Asked, Jobs, wake
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.plugins.source import Source
from minerva.layers.abstraction.registry.records import CHAMPION
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.serving.loading import Loader
from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.abstraction.serving.terms import Terms
from minerva.schema import Schema
from minerva.schema.columns import Columns
from minerva.spelling import hint
from minerva.step import Step

LOOK_EVERY_S = 0.02
"""A job's end is a fact in the database, which tells nobody of it: whoever waits looks."""
WAKE_AFTER_S = 0.5
"""So long after a job was sent it is sent again if no worker has it; each time twice as long."""
ERRORS = {
    kind.code: kind
    for kind in (AlgorithmFailed, InvalidData, InvalidInput, NotFound, Unavailable, Conflict)
}


class Asks(Protocol):
    """Has services of a tenant predict."""

    def ask(self, tenant: str, service: str, columns: Columns) -> Answer:
        """Return the answer. Raises what `Predictor.predict` does."""

    def version(self, tenant: str, service: str) -> str | None:
        """Return the version that answers, None if there is none."""


@dataclass(frozen=True)
class TenantHouse:
    """Satisfies `House`."""

    tenant: str
    catalogue: Callable[[], Catalogue]
    registry: Callable[[], Registry]
    loader: Loader
    asks: Callable[[], Asks]
    jobs: Callable[[], Jobs]
    volumes: Path
    environment: Mapping[str, str]
    on_worker: bool = False
    own: Mapping[tuple[str, str], Step] = field(default_factory=dict)
    """Steps of which a version has its own copy."""

    def owning(self, steps: Mapping[tuple[str, str], Step]) -> TenantHouse:
        """Return the house of a version that has copies of its steps."""
        return replace(self, own=steps)

    def step(self, role: str, name: str) -> Step:
        """Return a kind of step, what there is otherwise in the error."""
        return self.own.get((role, name)) or find_step(self.catalogue(), role, name)

    def source(self, role: str, name: str) -> Source | None:
        """Return where a step comes from."""
        return self.catalogue().source_of_step(role, name)

    def algorithm(self, name: str) -> Algorithm:
        """Return an algorithm."""
        return self.catalogue().find(name)

    def schema(self, service: str) -> Schema:
        """Return what the service is declared to take and give."""
        return parse(self.registry().configuration(self.tenant, service).declaration).schema

    def ask(self, service: str, columns: Columns) -> Answer:
        """Have a service predict."""
        return self.asks().ask(self.tenant, service, columns)

    def version(self, service: str) -> str | None:
        """Return the version that answers."""
        return self.asks().version(self.tenant, service)

    def flow(self, service: str) -> FlowModel:
        """Return the champion of another flow."""
        return champion_flow(self.registry(), self.loader, self.tenant, service)

    def run_job(
        self, service: str, kind: str, payload: Mapping[str, Any], until: float
    ) -> Mapping[str, Any]:
        """Submit a job and look until it has ended; one that takes too long is cancelled.

        A busy worker takes messages that an idle one then never hears of: as somebody waits, they are
        sent again before the sweeper would.
        """
        known = structlog.contextvars.get_contextvars()
        asked = Asked(
            tenant=self.tenant,
            service=service,
            author="flow",
            request_id=str(known.get("request_id", "")),
            trace_id=str(known.get("trace_id", "")),
        )
        jobs = self.jobs()
        job, _ = jobs.submit(kind, asked, payload)
        pause = WAKE_AFTER_S
        wake_at = time.monotonic() + pause
        while not job.state.ended:
            now = time.monotonic()
            if now >= until:
                jobs.cancel(self.tenant, job.id)
                raise DeadlineExceeded(f"Job {job.id} did not end in time.")
            if now >= wake_at and job.state is JobState.QUEUED:
                wake(jobs.queue, job)
                pause *= 2
                wake_at = now + pause
            time.sleep(LOOK_EVERY_S)
            job = jobs.get(self.tenant, job.id)
        if job.state is not JobState.SUCCEEDED:
            raise _failure(job)
        return job.result or {}


def champion_flow(registry: Registry, loader: Loader, tenant: str, service: str) -> FlowModel:
    """Return the champion of a flow. Raises NotFound, Conflict if there is none, or it is no flow."""
    number = registry.aliases(tenant, service).get(CHAMPION)
    if number is None:
        raise Conflict(f"Flow {service!r} has no champion yet: train it first.")
    model = loader.load(registry.version(tenant, service, number), Terms()).model
    if not isinstance(model, FlowModel):
        raise Conflict(f"Service {service!r} is no flow.")
    return model


def find_step(catalogue: Catalogue, role: str, name: str) -> Step:
    """Return a kind of step. Raises InvalidConfiguration with what there is instead."""
    steps = catalogue.steps()
    if (role, name) in steps:
        return steps[role, name]
    known = [one for their, one in steps if their == role]
    said = hint(name, known, f"there are: {', '.join(known)}")
    raise InvalidConfiguration(
        f"There is no step '{role}: {name}'; {said}",
        faults=[Fault(f"/{role}", f"unknown; {said}")],
    )


def _failure(job: Job) -> MinervaError:
    told = job.error or {}
    message = str(told.get("message") or f"Job {job.id} was {job.state.value}.")
    return ERRORS.get(str(told.get("code")), AlgorithmFailed)(message)
