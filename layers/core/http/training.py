"""Starting a training: accepted at once, done by a worker."""

from __future__ import annotations

import re
from http import HTTPStatus

from flask import Blueprint, Response, g, request

from minerva.errors import Fault, InvalidInput
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.requests import tell

IDEMPOTENCY_KEY = "Idempotency-Key"
_VISIBLE = re.compile(r"[!-~]{1,200}")


def training(house: House) -> Blueprint:
    """Return the route that starts a training."""
    routes = Blueprint("training", __name__)

    @routes.post("/v1/services/<service>/train")
    @needs("train")
    def train(service: str) -> Response:
        """Accept a training; the same `Idempotency-Key` again answers with the same job."""
        read_object(request, (), may_be_empty=True)
        caller = principal()
        job, is_new = house.jobs.submit_training(
            caller.tenant,
            service,
            request_id=g.trace.request_id,
            trace_id=g.trace.trace_id,
            idempotency_key=_idempotency_key(),
            author=caller.key_id,
        )
        tell(job_id=job.id)
        response = answer({"job": job.to_json()}, HTTPStatus.ACCEPTED)
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        if not is_new:
            response.headers["Idempotent-Replay"] = "true"
        return response

    return routes


def _idempotency_key() -> str | None:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not _VISIBLE.fullmatch(key):
        raise InvalidInput(
            f"The header {IDEMPOTENCY_KEY} needs 1 to 200 visible ASCII characters.",
            faults=[Fault(IDEMPOTENCY_KEY, "not of this form")],
        )
    return key
