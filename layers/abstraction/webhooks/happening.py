"""What receivers are told of: the types of events and the document that each becomes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from minerva.events import Drift
from minerva.layers.abstraction.jobs.job import Job
from minerva.layers.abstraction.registry.records import AliasChange, Quarantine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minerva.layers.abstraction.drift.comparison import Compared
    from minerva.layers.abstraction.monitoring.judging import Decay
    from minerva.layers.abstraction.registry.records import Version

JOB_EVENTS = ("job.succeeded", "job.failed", "job.cancelled", "job.dead")
PROMOTED = "version.promoted"
ROLLED_BACK = "version.rolled_back"
QUARANTINED = "version.quarantined"
DRIFT = "drift.noticed"
SERVICE_DRIFTED = "service.drifted"
SERVICE_DECAYED = "service.decayed"
EVENTS = (
    *JOB_EVENTS, PROMOTED, ROLLED_BACK, QUARANTINED, DRIFT, SERVICE_DRIFTED, SERVICE_DECAYED,
)  # fmt: skip
"""What one may subscribe to."""
TEST = "webhook.test"
"""Sent when somebody asks for it, to one receiver."""
DELIVER = "deliver"
"""The kind of the jobs that carry messages; of them nobody is told."""
_TEXTS = frozenset({"version", "verdict"})
"""Texts of a result that are known to hold no value of anybody's data."""


@dataclass(frozen=True)
class Happening:
    """Something that receivers may want to hear of."""

    tenant: str
    service: str
    type: str
    key: str
    """Names it within its tenant, so that it is told once."""
    at: datetime
    data: dict[str, Any]
    request_id: str = ""
    trace_id: str = ""
    callback_url: str | None = field(default=None, repr=False)
    """Is told whatever the type."""

    def message(self) -> dict[str, Any]:
        """Return the document that receivers get."""
        return {"type": self.type, "timestamp": self.at.isoformat(), "data": self.data}


def of_job(job: Job) -> Happening | None:
    """Return what there is to tell of a job that ended: nothing of a part, nor of a delivery."""
    if job.kind == DELIVER or job.parent is not None or job.finished_at is None:
        return None
    return Happening(
        tenant=job.tenant,
        service=job.service,
        type=f"job.{job.state.value}",
        key=f"{job.id}:{job.state.value}:{job.attempt}",
        at=job.finished_at,
        data=_of_job(job),
        request_id=job.request_id,
        trace_id=job.trace_id,
        callback_url=job.callback_url,
    )


def of_alias(change: AliasChange, position: int) -> Happening | None:
    """Return what there is to tell of the movement that has this position in its alias's history."""
    if change.number is None:
        return None
    data = {
        "tenant": change.tenant,
        "service": change.service,
        "alias": change.alias,
        "version": str(change.number),
        "previous": None if change.previous is None else str(change.previous),
        "share": change.share,
        "author": change.author,
        "reason": change.reason,
    }
    return Happening(
        tenant=change.tenant,
        service=change.service,
        type=ROLLED_BACK if change.back else PROMOTED,
        key=f"{change.service}:{change.alias}:{position}",
        at=change.created_at,
        data=data,
    )


def of_quarantine(quarantine: Quarantine) -> Happening:
    """Return what there is to tell of a version that was taken out of service."""
    data = {
        "tenant": quarantine.tenant,
        "service": quarantine.service,
        "version": str(quarantine.number),
        "author": quarantine.author,
        "reason": quarantine.reason,
    }
    return Happening(
        tenant=quarantine.tenant,
        service=quarantine.service,
        type=QUARANTINED,
        key=f"{quarantine.service}:{quarantine.number}:{quarantine.created_at.isoformat()}",
        at=quarantine.created_at,
        data=data,
    )


def of_drift(drift: Drift, at: datetime, key: str) -> Happening:
    """Return what there is to tell of a drift."""
    data = {
        "tenant": drift.tenant,
        "service": drift.service,
        "version": str(drift.version),
        "name": drift.name,
        "measure": drift.measure,
        "value": drift.value,
        "threshold": drift.threshold,
    }
    return Happening(drift.tenant, drift.service, DRIFT, key, at, data)


def of_service_drift(
    version: Version, drifted: Sequence[Compared], rows: int, at: datetime
) -> Happening:
    """Return what there is to tell of a service whose records are not like its training."""
    fields = [
        {"name": one.name, "psi": round(one.psi, 4), "p": float(f"{one.test.p:.3g}")}
        for one in drifted
    ]
    return _of_version(SERVICE_DRIFTED, version, at, {"rows": rows, "fields": fields})


def of_decay(version: Version, decay: Decay, at: datetime) -> Happening:
    """Return what there is to tell of a service that is worse in use than it was."""
    figures = {
        "metric": decay.metric,
        "value": round(decay.value, 6),
        "held_out": round(decay.held_out, 6),
        "beside": decay.beside,
        "truths": decay.truths,
    }
    return _of_version(SERVICE_DECAYED, version, at, figures)


def _of_version(kind: str, version: Version, at: datetime, more: dict[str, Any]) -> Happening:
    """Name it by the hour: what comes and goes is told no more often."""
    key = f"{kind}:{version.service}:{version.number}:{at:%Y-%m-%dT%H}"
    named = {"tenant": version.tenant, "service": version.service, "version": str(version.number)}
    return Happening(version.tenant, version.service, kind, key, at, {**named, **more})


def of_test(tenant: str, at: datetime, key: str) -> Happening:
    """Return what is sent to try a receiver."""
    return Happening(tenant, "", TEST, key, at, {"tenant": tenant})


def digest(text: str) -> str:
    """Return 32 hex digits that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _of_job(job: Job) -> dict[str, Any]:
    return {
        "tenant": job.tenant,
        "service": job.service,
        "job_id": job.id,
        "kind": job.kind,
        "state": job.state.value,
        "attempt": job.attempt,
        "request_id": job.request_id,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at and job.started_at.isoformat(),
        "finished_at": job.finished_at and job.finished_at.isoformat(),
        "result": None if job.result is None else summary(job.result),
        "error": None if job.error is None else _error(job.error),
    }


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """Return what of a result can be told to anybody: figures, and texts known to hold no data."""
    return {name: value for name, value in result.items() if _harmless(name, value)}


def _harmless(name: str, value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(_is_figure(one) for one in value.values())
    return _is_figure(value) or (name in _TEXTS and isinstance(value, str))


def _is_figure(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float)


def _error(error: dict[str, Any]) -> dict[str, Any]:
    return {name: error[name] for name in ("code", "message") if name in error}
