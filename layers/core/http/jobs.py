"""Offline work: state, history, captured output, cancel."""

from __future__ import annotations

from flask import Blueprint, Response, request

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.job_events import JobEvents, event_json
from minerva.layers.core.http.json_answers import answer

MOST = 500


def jobs(house: House) -> Blueprint:
    """Return the routes below `/v1/jobs`."""
    routes = Blueprint("jobs", __name__)
    streams = JobEvents(house)

    @routes.get("/v1/jobs")
    @needs("train")
    def list_jobs() -> Response:
        found = house.jobs.list(
            principal().tenant,
            service=request.args.get("service"),
            state=_state(request.args.get("state")),
            kind=request.args.get("kind"),
            parent=request.args.get("parent"),
            before=request.args.get("before"),
            limit=read_limit(request.args.get("limit", "50")),
        )
        return answer({"jobs": [job.to_json() for job in found]})

    @routes.get("/v1/jobs/<job_id>")
    @needs("train")
    def get_job(job_id: str) -> Response:
        return answer({"job": house.jobs.get(principal().tenant, job_id).to_json()})

    @routes.get("/v1/jobs/<job_id>/events")
    @needs("train")
    def list_events(job_id: str) -> Response:
        """Answer the history; as server-sent events where the caller accepts them."""
        tenant = principal().tenant
        if "text/event-stream" in request.accept_mimetypes.values():
            last = _number(request.headers.get("Last-Event-ID"), "Last-Event-ID")
            return streams.stream(tenant, job_id, last)
        after = _number(request.args.get("after"), "after")
        found = house.jobs.events(tenant, job_id, after)
        return answer({"events": [event_json(event) for event in found]})

    @routes.get("/v1/jobs/<job_id>/log")
    @needs("train")
    def get_log(job_id: str) -> Response:
        text = house.jobs.log(principal().tenant, job_id)
        return Response(text, mimetype="text/plain")

    @routes.post("/v1/jobs/<job_id>/cancel")
    @needs("train")
    def cancel_job(job_id: str) -> Response:
        read_object(request, (), may_be_empty=True)
        return answer({"job": house.jobs.cancel(principal().tenant, job_id).to_json()})

    @routes.post("/v1/jobs/<job_id>/retry")
    @needs("train")
    def retry_job(job_id: str) -> Response:
        read_object(request, (), may_be_empty=True)
        caller = principal()
        return answer({"job": house.jobs.retry(caller.tenant, job_id, caller.author).to_json()})

    return routes


def _state(text: str | None) -> JobState | None:
    if text is None:
        return None
    try:
        return JobState(text)
    except ValueError:
        raise _misfit("state", f"expected one of {', '.join(JobState)}") from None


def read_limit(text: str) -> int:
    """Return how many to list at most. Raises InvalidInput."""
    limit = _number(text, "limit")
    if not 1 <= limit <= MOST:
        raise _misfit("limit", f"expected a number from 1 to {MOST}")
    return limit


def _number(text: str | None, name: str) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - more than any job has
        raise _misfit(name, "expected a whole number")
    return int(text)


def _misfit(name: str, message: str) -> InvalidInput:
    return InvalidInput("The request's parameters do not fit.", faults=[Fault(name, message)])
