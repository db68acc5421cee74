"""The routes of tuning: its trials and what it proposes."""

from __future__ import annotations

from minerva.layers.core.openapi.components import (
    TEXT,
    TIME,
    Content,
    array,
    json_content,
    member,
    ref,
)
from minerva.layers.core.openapi.operations import (
    JOB_ID,
    SERVICE,
    job_operation,
    json_body,
    operation,
    parameter,
)
from minerva.layers.core.openapi.registry import BASE, COUNTED, REASON

TAG = "tuning"
NUMBER = parameter("number", "path", COUNTED, "Proposal number")
VALUE = {"type": ["number", "null"]}
WISHES: Content = {
    "trials": {"type": "integer", "minimum": 1, "maximum": 10_000},
    "timeout_s": {"type": "number", "exclusiveMinimum": 0},
    "parallel": {"type": "integer", "minimum": 1, "maximum": 100},
}
"""What may be said at the start; the service declares the rest."""


def tuning_paths() -> Content:
    """Return path → operations."""
    start = job_operation((SERVICE,), "tune", TAG, "Look for better parameters", WISHES)
    return {
        f"{BASE}/tune": {"post": start},
        "/v1/jobs/{job_id}/trials": {
            "get": operation(
                TAG,
                "list_trials",
                "List the trials of a tuning, by number; 0 is the present parameters",
                json_content(_study()),
                parameters=(JOB_ID,),
            )
        },
        f"{BASE}/proposals": {
            "get": operation(
                TAG,
                "list_proposals",
                "List what tunings proposed, newest first",
                json_content(member("proposals", array(ref("Proposal")))),
                parameters=(SERVICE,),
            )
        },
        f"{BASE}/proposals/{{number}}": {"get": _show(), "put": _decide()},
    }


def tuning_schemas() -> Content:
    """Return name → schema of what these routes answer."""
    return {"Trial": _trial(), "Proposal": _proposal()}


def _study() -> Content:
    told: Content = {
        "metric": {"type": "string", "description": "What trials are compared by"},
        "less_is_better": {"type": "boolean"},
        "planned": {"type": "integer", "description": "How many there shall be, number 0 aside"},
        "trials": array(ref("Trial")),
    }
    return {"type": "object", "required": list(told), "properties": told}


def _show() -> Content:
    return operation(
        TAG,
        "get_proposal",
        "Show a proposal with its evidence",
        json_content(member("proposal", ref("Proposal"))),
        parameters=(SERVICE, NUMBER),
    )


def _decide() -> Content:
    job = {"type": ["string", "null"], "description": "The training that acceptance started"}
    answered = {"proposal": ref("Proposal"), "job_id": job}
    return operation(
        TAG,
        "decide",
        "Accept a proposal, which makes its parameters the service's, or reject it",
        json_content({"type": "object", "required": list(answered), "properties": answered}),
        parameters=(SERVICE, NUMBER),
        body=json_body(
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["decision"],
                "properties": {"decision": {"enum": ["accept", "reject"]}, "reason": REASON},
                "examples": [{"decision": "accept", "reason": "better in every month"}],
            }
        ),
    )


def _trial() -> Content:
    return {
        "type": "object",
        "required": ["number", "state", "parameters"],
        "properties": {
            "number": {"type": "integer", "minimum": 0},
            "state": {"enum": ["running", "complete", "pruned", "failed"]},
            "parameters": {"type": "object"},
            "value": {**VALUE, "description": "The metric that trials are compared by"},
            "metrics": {"type": ["object", "null"]},
            "steps": {"type": "integer", "description": "How many losses it told"},
            "tries": {"type": "integer", "minimum": 1},
            "error": {"type": ["string", "null"]},
            "started_at": TIME,
            "finished_at": TIME,
        },
    }


def _proposal() -> Content:
    number = {"type": ["integer", "null"]}
    return {
        "type": "object",
        "required": ["service", "proposal", "state", "parameters", "evidence"],
        "properties": {
            "service": TEXT,
            "proposal": {"type": "integer", "minimum": 1},
            "state": {"enum": ["open", "accepted", "rejected"]},
            "parameters": {"type": "object", "description": "Only what changes"},
            "evidence": {"type": "object"},
            "job_id": TEXT,
            "configuration_revision": {"type": "integer", "description": "What was tuned"},
            "revision": {**number, "description": "What acceptance made of it"},
            "author": TEXT,
            "created_at": TIME,
            "decided_by": {"type": ["string", "null"]},
            "reason": TEXT,
            "decided_at": TIME,
        },
    }
