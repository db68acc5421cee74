"""Keeps an audit trail of who changed what serves, and why: events `audit.*` in the shared log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from minerva import hookimpl
from minerva.events import (
    AliasMoved,
    Drift,
    JobChange,
    Quarantined,
    ServiceDeclared,
    Training,
    TrainingResult,
    VersionMade,
)

log = structlog.get_logger()

OF = ("tenant", "service")
WHY = ("author", "reason")
VERSION = {"number": "version"}
"""Attributes whose name in the log is another."""


@hookimpl
def minerva_before_train(training: Training) -> None:
    """Note who began a training."""
    _note(
        "audit.training_started",
        training,
        (*OF, "algorithm", "configuration_revision", "job_id", "author"),
    )


@hookimpl
def minerva_after_train(training: Training, result: TrainingResult) -> None:
    """Note what came of it."""
    _note(
        "audit.training_ended",
        training,
        (*OF, "job_id", "author"),
        version=result.version,
        promoted=result.promoted,
        reason=result.verdict,
        code=result.code,
    )


@hookimpl
def minerva_service_declared(configuration: ServiceDeclared) -> None:
    """Note who changed a service's configuration, and why."""
    _note("audit.service_declared", configuration, (*OF, "revision", *WHY))


@hookimpl
def minerva_version_ready(version: VersionMade, alias: str) -> None:
    """Note since when a process serves a version."""
    _note("audit.version_ready", version, (*OF, "number", "digest", "job_id"), alias=alias)


@hookimpl
def minerva_version_promoted(change: AliasMoved) -> None:
    """Note who moved an alias, and why."""
    _note("audit.version_promoted", change, (*OF, "alias", "number", "previous", *WHY))


@hookimpl
def minerva_version_rolled_back(change: AliasMoved) -> None:
    """Note who went back, and why."""
    _note("audit.version_rolled_back", change, (*OF, "alias", "number", "previous", *WHY))


@hookimpl
def minerva_version_quarantined(quarantine: Quarantined) -> None:
    """Note what was taken out of service, and why."""
    _note("audit.version_quarantined", quarantine, (*OF, "number", *WHY))


@hookimpl
def minerva_job_state(job: JobChange) -> None:
    """Note what became of a job."""
    of_job = ("kind", "state", "attempt", "code", "author")
    _note("audit.job_state", job, (*OF, *of_job), job_id=job.id)


@hookimpl
def minerva_drift(drift: Drift) -> None:
    """Note since when it was known that a version's world has changed."""
    _note("audit.drift_noticed", drift, (*OF, "version", "name", "measure", "value", "threshold"))


def _note(event: str, told: object, names: Sequence[str], **more: Any) -> None:
    log.info(event, **{VERSION.get(name, name): getattr(told, name) for name in names}, **more)
