"""The parts of the document that operations share: problems, jobs, versions, credentials."""

from __future__ import annotations

from typing import Any

Content = dict[str, Any]

TEXT: Content = {"type": "string"}
NAME: Content = {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,62}$"}
"""Of a service."""
TIME: Content = {"type": ["string", "null"], "format": "date-time"}
SHARE: Content = {
    "type": ["number", "null"],
    "exclusiveMinimum": 0,
    "maximum": 100,
    "description": "Percent of the calls that the challenger answers; null without one",
}
STATES = ["queued", "running", "succeeded", "failed", "cancelled", "dead"]


def ref(name: str, kind: str = "schemas") -> Content:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def json_content(schema: Content, *, mimetype: str = "application/json") -> Content:
    """Return a `content` of one JSON type."""
    return {mimetype: {"schema": schema}}


def member(name: str, schema: Content) -> Content:
    """Return the schema of an object with one member, as our answers are."""
    return {"type": "object", "required": [name], "properties": {name: schema}}


def array(items: Content) -> Content:
    """Return the schema of an array."""
    return {"type": "array", "items": items}


def components() -> Content:
    """Return schemas, responses, parameters and security schemes that every document has."""
    return {
        "schemas": {
            "Problem": _problem(),
            "Job": _job(),
            "JobEvent": _job_event(),
            "Service": _service(),
            "Version": _version(),
            "AliasChange": _alias_change(),
        },
        "responses": {"Problem": _problem_response()},
        "parameters": {
            "Service": _path("service", "Name of a service", NAME),
            "JobId": _path("job_id", "Id of a job", TEXT),
            "RequestId": {
                "name": "X-Request-ID",
                "in": "header",
                "description": "Your own id of this request; comes back and is in every log line. "
                "Of 1 to 128 visible ASCII characters; another one is made up for what is not.",
                "schema": TEXT,
            },
            "ContentEncoding": {
                "name": "Content-Encoding",
                "in": "header",
                "description": "How the body is compressed, if it is; limits count what it decodes to",
                "schema": {"enum": ["gzip", "zstd", "identity"], "default": "identity"},
            },
        },
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, mk_…"},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        },
    }


def _path(name: str, description: str, schema: Content) -> Content:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
    }


def _problem() -> Content:
    fault = {
        "type": "object",
        "required": ["where", "message"],
        "properties": {
            "where": {"type": "string", "description": "JSON pointer, or name of a parameter"},
            "message": TEXT,
        },
    }
    return {
        "type": "object",
        "description": "RFC 9457 problem details",
        "required": ["type", "title", "status", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": TEXT,
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "Stable; programs may rely on it"},
            "detail": TEXT,
            "request_id": {"type": ["string", "null"]},
            "faults": array(fault),
        },
    }


def _problem_response() -> Content:
    return {
        "description": "What is wrong, where, and what to do",
        "content": json_content(ref("Problem"), mimetype="application/problem+json"),
    }


def _job() -> Content:
    return {
        "type": "object",
        "required": ["id", "kind", "service", "state", "progress"],
        "properties": {
            "id": TEXT,
            "kind": TEXT,
            "service": TEXT,
            "queue": {"enum": ["train", "batch", "quick"]},
            "priority": {"type": "integer"},
            "parent": {"type": ["string", "null"]},
            "state": {"enum": STATES},
            "attempt": {"type": "integer", "minimum": 0},
            "max_attempts": {"type": "integer", "minimum": 1},
            "progress": {"type": "number", "minimum": 0, "maximum": 1},
            "message": TEXT,
            "seconds_left": {"type": ["number", "null"], "minimum": 0},
            "open_parts": {"type": "integer", "minimum": 0},
            "result": {"type": ["object", "null"]},
            "error": {"type": ["object", "null"]},
            "request_id": TEXT,
            "created_at": TIME,
            "not_before": TIME,
            "started_at": TIME,
            "finished_at": TIME,
        },
    }


def _job_event() -> Content:
    return {
        "type": "object",
        "required": ["number", "at", "state"],
        "properties": {
            "number": {"type": "integer", "minimum": 1},
            "at": TIME,
            "state": {"enum": STATES},
            "attempt": {"type": "integer", "minimum": 0},
            "message": TEXT,
        },
    }


def _service() -> Content:
    number = {"type": ["string", "null"]}
    return {
        "type": "object",
        "required": ["service", "algorithm", "ready"],
        "properties": {
            "service": TEXT,
            "description": TEXT,
            "algorithm": TEXT,
            "configuration_revision": {"type": "integer", "minimum": 1},
            "version": {**number, "description": "The version that answers, null before any"},
            "champion": {**number, "description": "The version that should answer"},
            "ready": {"type": "boolean"},
            "problem": {"type": ["string", "null"]},
            "serving": {
                "type": "object",
                "description": "How predictions are answered, as far as it is declared: deadline, "
                "default, limits, batching",
            },
            "schema": {"type": "object"},
            "aliases": {"type": "object", "additionalProperties": TEXT},
            "share": SHARE,
            "quarantined": array(_quarantined()),
            "configuration": _configuration(),
            "tuned": {
                "type": ["object", "null"],
                "description": "The accepted proposal that the parameters come from, if they do not "
                "stand in the service's file",
                "properties": {
                    "proposal": {"type": "integer"},
                    "parameters": {"type": "object"},
                },
            },
        },
    }


def _configuration() -> Content:
    return {
        "type": "object",
        "description": "The revision in force: who declared it so, when and why",
        "properties": {
            "revision": {"type": "integer", "minimum": 1},
            "author": TEXT,
            "reason": TEXT,
            "created_at": TIME,
            "derived": {"type": "boolean"},
        },
    }


def _quarantined() -> Content:
    return {
        "type": "object",
        "required": ["version", "reason", "since"],
        "properties": {"version": TEXT, "reason": TEXT, "since": TIME},
    }


def _version() -> Content:
    return {
        "type": "object",
        "required": ["service", "version"],
        "properties": {
            "service": TEXT,
            "version": TEXT,
            "aliases": array(TEXT),
            "share": SHARE,
            "quarantined": {
                "type": ["string", "null"],
                "description": "Why it must not serve; null if it may",
            },
            "pruned": {
                **TIME,
                "description": "When its files were given up; null if they are there",
            },
            "metrics": {"type": "object", "additionalProperties": {"type": "number"}},
            "configuration_revision": {"type": "integer", "minimum": 1},
            "digest": {"type": "string", "description": "SHA-256 of the manifest"},
            "job_id": {"type": ["string", "null"]},
            "created_at": TIME,
            "manifest": {"type": "object"},
        },
    }


def _alias_change() -> Content:
    return {
        "type": "object",
        "required": ["service", "alias", "version"],
        "properties": {
            "service": TEXT,
            "alias": TEXT,
            "version": {"type": ["string", "null"], "description": "null: it was taken away"},
            "share": SHARE,
            "previous": {"type": ["string", "null"]},
            "author": TEXT,
            "reason": TEXT,
            "created_at": TIME,
        },
    }
