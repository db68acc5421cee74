"""What jobs that read data share: `data` in their payload, in the place of the declared data."""

from __future__ import annotations

from typing import Any

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.jobs.job import NewJob
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.training.called import Brought, CalledData

DATA = "data"


def check_data(
    called: CalledData, configuration: Configuration, payload: dict[str, Any], what: str
) -> dict[str, Any]:
    """Return the payload of a job that takes `data` and nothing else. Raises as `CalledData.check`."""
    stranger = next((name for name in payload if name != DATA), None)
    if stranger is not None:
        fault = Fault(f"/{stranger}", "not known here")
        raise InvalidInput(f"{what} takes no parameter but `data`.", faults=[fault])
    if payload.get(DATA) is None:
        return {}
    declared = parse(configuration.declaration).data
    tenant, service = configuration.tenant, configuration.service
    return {DATA: called.check(tenant, service, declared, payload[DATA])}


def brought_data(called: CalledData, job: NewJob, attempt: Attempt) -> Brought | None:
    """Return the data that a job's payload names, on this machine; None: take the declared."""
    kept = job.payload.get(DATA)
    if kept is None:
        return None
    attempt.progress(0.0, "fetching the data")
    upload = kept.get("upload")
    if upload is not None:
        called.uploads.use(job.tenant, upload, job.id)
    attempt.folder.mkdir(parents=True, exist_ok=True)
    return called.bring(job.tenant, kept, attempt.folder)


def upload_of(payload: dict[str, Any]) -> str | None:
    """Return the upload that a kept payload names."""
    data = payload.get(DATA)
    found = data.get("upload") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None
