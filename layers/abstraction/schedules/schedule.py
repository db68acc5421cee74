"""What of a service's declaration starts jobs by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.schedules.cron import Cron
from minerva.layers.abstraction.services.declaration import (
    DataDeclaration,
    Missed,
    ServiceDeclaration,
    WatermarkDeclaration,
)

TRAIN = "train"
TRAINING_SCHEDULE = "training.schedule"
TRAINING_WATERMARK = "training.watermark"
MONITORING = "training.retrain"
"""Names of what `training` declares; with a dot, which no name in `schedules` has."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Where something stands that starts jobs, and since when."""

    tenant: str
    service: str
    name: str
    revision: int
    """Of the service's configuration."""
    at: datetime

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others."""
        return self.tenant, self.service, self.name


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job that starts at the moments that a cron expression names."""

    declared: Declared
    kind: str
    cron: Cron
    missed: Missed
    parameters: dict[str, Any]

    @property
    def rule(self) -> str:
        """What decides when it fires; another rule is another schedule."""
        return f"{self.cron.expression} {self.cron.timezone}"


@dataclass(frozen=True, slots=True)
class Watermark:
    """A training that starts when a value of the user's database changes."""

    declared: Declared
    data: DataDeclaration
    """The database; environment references are not expanded."""
    watermark: WatermarkDeclaration

    @property
    def rule(self) -> str:
        """What is asked; the answer to another question says nothing about a change."""
        return self.watermark.query


@dataclass(frozen=True, slots=True)
class Monitored:
    """A service whose records are judged, and that may be trained again because of them."""

    declared: Declared
    declaration: ServiceDeclaration

    @property
    def rule(self) -> str:
        """The same whatever is declared: what is known of a service stays known."""
        return MONITORING

    @property
    def trains(self) -> bool:
        """Whether it may start a job."""
        return self.declaration.training.retrain is not None


Starter = Schedule | Watermark | Monitored
"""What may start jobs."""


def starters(configuration: Configuration, declaration: ServiceDeclaration) -> Iterator[Starter]:
    """Yield all that starts jobs of a service, and that it is watched."""

    def declared(name: str) -> Declared:
        one = configuration
        return Declared(one.tenant, one.service, name, one.revision, one.created_at)

    training = declaration.training
    if training.schedule is not None:
        cron = Cron(training.schedule, training.timezone)
        yield Schedule(declared(TRAINING_SCHEDULE), TRAIN, cron, training.missed, {})
    for one in declaration.schedules:
        cron = Cron(one.cron, one.timezone)
        yield Schedule(declared(one.name), one.kind, cron, one.missed, one.parameters)
    if training.watermark is not None and declaration.data is not None:
        yield Watermark(declared(TRAINING_WATERMARK), declaration.data, training.watermark)
    monitoring = declaration.monitoring
    if monitoring.sample and (monitoring.drift or monitoring.decay):
        yield Monitored(declared(MONITORING), declaration)
