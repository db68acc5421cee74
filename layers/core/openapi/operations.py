"""The routes that every sidecar has, whatever services are declared; see `registry` for versions."""

from __future__ import annotations

from typing import Any

import msgspec

from minerva.layers.abstraction.batch.task import Call
from minerva.layers.core.openapi.components import (
    STATES,
    TEXT,
    Content,
    array,
    json_content,
    member,
    ref,
)

SERVICE = ref("Service", "parameters")
JOB_ID = ref("JobId", "parameters")
NUMBER: Content = {"type": "integer", "minimum": 0, "maximum": 999_999_999}


def operation(  # noqa: PLR0913 - the parts of an operation, each by name
    tag: str,
    name: str,
    summary: str,
    answer: Content,
    *,
    status: int = 200,
    says: str = "Done",
    parameters: tuple[Content, ...] = (),
    body: Content | None = None,
    public: bool = False,
) -> Content:
    """Return an operation that answers `answer` (a `content`) or a problem."""
    made: Content = {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        "parameters": [*parameters, ref("RequestId", "parameters")],
        "responses": {
            str(status): {"description": says, "content": answer},
            "default": ref("Problem", "responses"),
        },
    }
    if body is not None:
        made["requestBody"] = body
        made["parameters"].append(ref("ContentEncoding", "parameters"))
    if public:
        made["security"] = []
    return made


def paths() -> Content:
    """Return path → operations."""
    return {**_services(), **_jobs(), **_health()}


WISHES: Content = {
    "callback_url": {"type": "string", "format": "uri"},
    "priority": {"type": "integer", "minimum": -100, "maximum": 100},
}
"""How any job is to be treated."""


def train_operation(parameters: tuple[Content, ...], name: str, tag: str) -> Content:
    """Return the operation that starts a training."""
    first = "Of a flow: train the services that its steps ask, each before whoever asks it"
    members = {"with_services": {"type": "boolean", "default": False, "description": first}}
    return job_operation(parameters, name, tag, "Train a new version", members)


def job_operation(
    parameters: tuple[Content, ...],
    name: str,
    tag: str,
    summary: str,
    members: Content,
    required: tuple[str, ...] = (),
) -> Content:
    """Return the operation that starts a job; `members` are those of its body beside the wishes."""
    body: Content = {
        "type": "object",
        "additionalProperties": False,
        "properties": members | WISHES,
    }
    if required:
        body["required"] = list(required)
    visible = {"type": "string", "pattern": "^[!-~]{1,200}$"}
    key = parameter(
        "Idempotency-Key", "header", visible, "The same key again leads to the same job"
    )
    made = operation(
        tag,
        name,
        summary,
        json_content(member("job", ref("Job"))),
        status=202,
        says="Accepted; a worker does it",
        parameters=(*parameters, key),
        body=json_body(body, required=bool(required)),
    )
    made["responses"]["202"]["headers"] = {
        "Location": {"description": "Where the job is", "schema": TEXT},
        "Idempotent-Replay": {"description": "true if the job was there already", "schema": TEXT},
    }
    return made


def _services() -> Content:
    problems = array({"type": "object"})
    listed = {"services": array(ref("Service")), "problems": problems}
    everything = {"type": "object", "required": list(listed), "properties": listed}
    one = json_content(member("service", ref("Service")))
    return {
        "/v1/services": {
            "get": operation(
                "services", "list_services", "List the services", json_content(everything)
            )
        },
        "/v1/services/{service}": {
            "get": operation(
                "services", "get_service", "Describe a service", one, parameters=(SERVICE,)
            )
        },
        "/v1/services/{service}/train": {
            "post": train_operation((SERVICE,), "train_service", "services")
        },
        "/v1/services/{service}/batch": {
            "post": job_operation(
                (SERVICE,), "batch_service", "services", "Score a file, table or query", _call()
            )
        },
        "/v1/services/{service}/jobs": {
            "post": job_operation(
                (SERVICE,),
                "start_job",
                "services",
                "Start a job of any kind",
                {"kind": TEXT, "parameters": {"type": "object"}},
                ("kind",),
            )
        },
    }


def _call() -> Content:
    """Return the members of a batch's body."""
    found = msgspec.json.schema(Call)["$defs"]["Call"]["properties"]
    return {name: _not_null(one) for name, one in found.items()}


def _not_null(schema: Content) -> Content:
    """Leave out that a member may be null: it may be left out itself."""
    kept = {name: value for name, value in schema.items() if name != "default"}
    if "anyOf" in kept:
        kinds = [one for one in kept.pop("anyOf") if one != {"type": "null"}]
        kept |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if "enum" in kept:
        kept["enum"] = [value for value in kept["enum"] if value is not None]
    return kept


def _jobs() -> Content:
    one = json_content(member("job", ref("Job")))
    text = {"text/plain": {"schema": TEXT}}
    return {
        "/v1/jobs": {"get": _job_list()},
        "/v1/jobs/{job_id}": {
            "get": operation("jobs", "get_job", "Show a job", one, parameters=(JOB_ID,))
        },
        "/v1/jobs/{job_id}/events": {"get": _job_events()},
        "/v1/jobs/{job_id}/log": {
            "get": operation(
                "jobs", "get_log", "Show what the attempts printed", text, parameters=(JOB_ID,)
            )
        },
        "/v1/jobs/{job_id}/cancel": {
            "post": operation("jobs", "cancel_job", "Cancel a job", one, parameters=(JOB_ID,))
        },
        "/v1/jobs/{job_id}/retry": {
            "post": operation("jobs", "retry_job", "Queue a job again", one, parameters=(JOB_ID,))
        },
    }


def _job_list() -> Content:
    limit = {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}
    return operation(
        "jobs",
        "list_jobs",
        "List jobs, newest first",
        json_content(member("jobs", array(ref("Job")))),
        parameters=(
            parameter("service", "query", TEXT, "Only of this service"),
            parameter("state", "query", {"enum": STATES}, "Only in this state"),
            parameter("kind", "query", TEXT, "Only of this kind"),
            parameter("parent", "query", TEXT, "The parts of this job, which are not listed else"),
            parameter("before", "query", TEXT, "Only those that stand below the job of this id"),
            parameter("limit", "query", limit, "Most jobs to list"),
        ),
    )


def _job_events() -> Content:
    stream = {"text/event-stream": {"schema": TEXT}}
    return operation(
        "jobs",
        "list_events",
        "Show a job's history, live with Accept: text/event-stream",
        {**json_content(member("events", array(ref("JobEvent")))), **stream},
        parameters=(
            JOB_ID,
            parameter("after", "query", NUMBER, "Only events after this"),
            parameter("Last-Event-ID", "header", TEXT, "Go on with a stream after this number"),
        ),
    )


def _health() -> Content:
    status = json_content({"type": "object", "properties": {"status": TEXT}})
    live = operation("health", "livez", "Is the process alive?", status, public=True)
    ready = operation("health", "readyz", "Is every service proven?", status, public=True)
    ready["responses"]["503"] = {"description": "Not ready", "content": status}
    for probe in (live, ready):
        del probe["responses"]["default"]
    numbers = operation(
        "health",
        "metrics",
        "What autoscaling and alarms go by, in Prometheus' text format",
        {"text/plain": {"schema": TEXT}},
        public=True,
    )
    del numbers["responses"]["default"]
    return {"/livez": {"get": live}, "/readyz": {"get": ready}, "/metrics": {"get": numbers}}


def parameter(name: str, place: str, schema: Content, description: str) -> Content:
    """Return a parameter of a path, query or header."""
    made: dict[str, Any] = {
        "name": name,
        "in": place,
        "description": description,
        "schema": schema,
    }
    return made | ({"required": True} if place == "path" else {})


def json_body(schema: Content, *, required: bool = True) -> Content:
    """Return a JSON body."""
    return {"required": required, "content": json_content(schema)}
