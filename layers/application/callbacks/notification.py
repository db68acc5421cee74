"""Tells a URL what an operator wants to hear of: a small JSON document by POST, no payload values.

`MINERVA_NOTIFY_URL` names it; without it nothing is sent. One try each: the log holds everything.
Redirects are not followed, so that nobody can send the messages elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec
import structlog

from minerva import hookimpl
from minerva.events import AliasMoved, Drift, JobChange, Quarantined

log = structlog.get_logger()

VARIABLE = "MINERVA_NOTIFY_URL"
TIMEOUT_S = 4.0
TROUBLE = frozenset({"failed", "dead"})


@hookimpl
def minerva_version_quarantined(quarantine: Quarantined) -> None:
    """Tell that a version was taken out of service."""
    notify(
        "version.quarantined",
        tenant=quarantine.tenant,
        service=quarantine.service,
        version=quarantine.number,
        author=quarantine.author,
        reason=quarantine.reason,
    )


@hookimpl
def minerva_version_rolled_back(change: AliasMoved) -> None:
    """Tell that an earlier version serves again."""
    notify(
        "version.rolled_back",
        tenant=change.tenant,
        service=change.service,
        version=change.number,
        previous=change.previous,
        author=change.author,
        reason=change.reason,
    )


@hookimpl
def minerva_job_state(job: JobChange) -> None:
    """Tell that a job failed, or ran out of attempts."""
    if job.state in TROUBLE:
        notify(
            f"job.{job.state}",
            tenant=job.tenant,
            service=job.service,
            job_id=job.id,
            kind=job.kind,
            attempt=job.attempt,
            code=job.code,
        )


@hookimpl
def minerva_drift(drift: Drift) -> None:
    """Tell that the world has changed."""
    notify(
        "drift.noticed",
        tenant=drift.tenant,
        service=drift.service,
        version=drift.version,
        name=drift.name,
        measure=drift.measure,
        value=drift.value,
        threshold=drift.threshold,
    )


def notify(event: str, **facts: Any) -> None:
    """Send one message if there is somebody to send it to; what fails is logged, without the URL."""
    address = os.environ.get(VARIABLE, "").strip()
    if not address:
        return
    message = {"event": event, "at": datetime.now(UTC).isoformat(), **facts}
    try:
        url = _checked(address)
        status = _post(url, message)
    except (OSError, HTTPException, ValueError) as error:
        log.warning("notification.failed", told=event, reason=f"{type(error).__name__}: {error}")
        return
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        log.warning("notification.failed", told=event, reason=f"the answer was HTTP {status}")


def _checked(address: str) -> SplitResult:
    url = urlsplit(address)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError(f"{VARIABLE} is no http or https URL")
    return url


def _post(url: SplitResult, message: Mapping[str, Any]) -> int:
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=TIMEOUT_S)
    try:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        headers = {"Content-Type": "application/json", "User-Agent": "minerva"}
        connection.request("POST", target, msgspec.json.encode(message), headers)
        return connection.getresponse().status
    finally:
        connection.close()
