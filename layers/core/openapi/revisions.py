"""The routes of configuration revisions: history, and the way back."""

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
from minerva.layers.core.openapi.operations import SERVICE, json_body, operation, parameter
from minerva.layers.core.openapi.registry import BASE, COUNTED, REASON, TAG

NUMBER = parameter("number", "path", COUNTED, "Revision of the configuration")


def revision_paths() -> Content:
    """Return path → operations."""
    return {
        f"{BASE}/revisions": {
            "get": operation(
                TAG,
                "list_revisions",
                "List the revisions of a service's configuration, newest first",
                json_content(member("revisions", array(ref("Revision")))),
                parameters=(SERVICE,),
            )
        },
        f"{BASE}/revisions/{{number}}": {
            "get": operation(
                TAG,
                "get_revision",
                "Show a revision with its whole declaration",
                json_content(member("revision", ref("Revision"))),
                parameters=(SERVICE, NUMBER),
            )
        },
        f"{BASE}/revisions/{{number}}/restore": {"post": _restore()},
    }


def revision_schema() -> Content:
    """Return the schema of a revision."""
    change = {"type": "object", "required": ["member"], "properties": {"member": TEXT}}
    return {
        "type": "object",
        "required": ["service", "revision", "author", "reason", "created_at", "derived", "changes"],
        "properties": {
            "service": TEXT,
            "revision": {"type": "integer", "minimum": 1},
            "author": {**TEXT, "description": "Whose file it is, or the key that decided"},
            "reason": TEXT,
            "created_at": TIME,
            "derived": {
                "type": "boolean",
                "description": "Whether it says something else than the service's file",
            },
            "changes": {
                **array(change),
                "description": "Beside the revision before: member, before and after",
            },
            "declaration": {"type": "object", "description": "Of one revision only"},
        },
    }


def _restore() -> Content:
    job = {"type": ["string", "null"], "description": "The training that it started"}
    answered = {"revision": ref("Revision"), "job_id": job}
    return operation(
        TAG,
        "restore",
        "Let a service be declared as it was at a revision, until its file changes",
        json_content({"type": "object", "required": list(answered), "properties": answered}),
        parameters=(SERVICE, NUMBER),
        body=json_body(
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["reason"],
                "properties": {
                    "reason": {**REASON, "minLength": 1},
                    "train": {"type": "boolean", "default": False},
                },
                "examples": [{"reason": "deeper trees were no better", "train": True}],
            }
        ),
    )
