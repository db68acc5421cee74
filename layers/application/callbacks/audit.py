"""Keeps an audit trail of who changed what serves, and why: events `audit.*` in the shared log."""

from __future__ import annotations

import structlog

from minerva import hookimpl
from minerva.events import (
    AliasMoved,
    JobChange,
    Quarantined,
    Training,
    TrainingResult,
    VersionMade,
)

log = structlog.get_logger()


@hookimpl
def minerva_before_train(training: Training) -> None:
    """Note who began a training."""
    log.info(
        "audit.training_started",
        tenant=training.tenant,
        service=training.service,
        algorithm=training.algorithm,
        configuration_revision=training.configuration_revision,
        job_id=training.job_id,
        author=training.author,
    )


@hookimpl
def minerva_after_train(training: Training, result: TrainingResult) -> None:
    """Note what came of it."""
    log.info(
        "audit.training_ended",
        tenant=training.tenant,
        service=training.service,
        version=result.version,
        promoted=result.promoted,
        reason=result.verdict,
        code=result.code,
        job_id=training.job_id,
        author=training.author,
    )


@hookimpl
def minerva_version_ready(version: VersionMade, alias: str) -> None:
    """Note since when a process serves a version."""
    log.info(
        "audit.version_ready",
        tenant=version.tenant,
        service=version.service,
        version=version.number,
        digest=version.digest,
        alias=alias,
        job_id=version.job_id,
    )


@hookimpl
def minerva_version_promoted(change: AliasMoved) -> None:
    """Note who moved an alias, and why."""
    _moved("audit.version_promoted", change)


@hookimpl
def minerva_version_rolled_back(change: AliasMoved) -> None:
    """Note who went back, and why."""
    _moved("audit.version_rolled_back", change)


@hookimpl
def minerva_version_quarantined(quarantine: Quarantined) -> None:
    """Note what was taken out of service, and why."""
    log.info(
        "audit.version_quarantined",
        tenant=quarantine.tenant,
        service=quarantine.service,
        version=quarantine.number,
        author=quarantine.author,
        reason=quarantine.reason,
    )


@hookimpl
def minerva_job_state(job: JobChange) -> None:
    """Note what became of a job."""
    log.info(
        "audit.job_state",
        tenant=job.tenant,
        service=job.service,
        job_id=job.id,
        kind=job.kind,
        state=job.state,
        attempt=job.attempt,
        code=job.code,
        author=job.author,
    )


def _moved(event: str, change: AliasMoved) -> None:
    log.info(
        event,
        tenant=change.tenant,
        service=change.service,
        alias=change.alias,
        version=change.number,
        previous=change.previous,
        author=change.author,
        reason=change.reason,
    )
