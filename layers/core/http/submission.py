"""Accepting a job: who asks, how it is to be treated, and the answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from flask import Request, Response, g

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.jobs.data import upload_of
from minerva.layers.abstraction.jobs.job import Job
from minerva.layers.abstraction.jobs.jobs import Asked
from minerva.layers.core.http.access import principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.requests import tell

IDEMPOTENCY_KEY = "Idempotency-Key"
WISHES = ("callback_url", "priority")
"""Members of the body of every call that starts a job."""
_VISIBLE = re.compile(r"[!-~]{1,200}")


def read_job(request: Request, members: Collection[str]) -> dict[str, Any]:
    """Return the body of a call that starts a job, `{}` for none. Raises as `read_object`."""
    return read_object(request, (*members, *WISHES), may_be_empty=True)


def submitted(
    house: House,
    request: Request,
    kind: str,
    service: str,
    body: Mapping[str, Any],
    payload: Mapping[str, Any],
) -> Response:
    """Submit a job and answer 202; the same `Idempotency-Key` again answers with the same job."""
    return accepted(house, *house.jobs.submit(kind, asked(request, service, body), payload))


def accepted(house: House, job: Job, is_new: bool) -> Response:  # noqa: FBT001 - what `submit` returns
    """Answer with a job; the upload that it names, if any, stays until it has ended."""
    upload = upload_of(job.payload)
    if upload is not None and is_new:
        house.uploads.use(job.tenant, upload, job.id)
    tell(job_id=job.id)
    response = answer({"job": job.to_json()}, HTTPStatus.ACCEPTED)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    if not is_new:
        response.headers["Idempotent-Replay"] = "true"
    return response


def asked(request: Request, service: str, body: Mapping[str, Any]) -> Asked:
    """Return who asks, and how the job is to be treated. Raises InvalidInput."""
    caller = principal()
    priority, callback_url = body.get("priority"), body.get("callback_url")
    if priority is not None and type(priority) is not int:
        raise _misfit("/priority", "expected a whole number")
    if callback_url is not None and not isinstance(callback_url, str):
        raise _misfit("/callback_url", "expected a URL")
    return Asked(
        tenant=caller.tenant,
        service=service,
        author=caller.author,
        request_id=g.trace.request_id,
        trace_id=g.trace.trace_id,
        idempotency_key=_idempotency_key(request),
        callback_url=callback_url,
        priority=priority,
    )


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not _VISIBLE.fullmatch(key):
        raise InvalidInput(
            f"The header {IDEMPOTENCY_KEY} needs 1 to 200 visible ASCII characters.",
            faults=[Fault(IDEMPOTENCY_KEY, "not of this form")],
        )
    return key


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The body does not fit this call.", faults=[Fault(where, message)])
