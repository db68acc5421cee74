"""The route that tells what starts by itself."""

from __future__ import annotations

from minerva.layers.core.openapi.components import (
    STATES,
    TEXT,
    TIME,
    Content,
    array,
    json_content,
    member,
    ref,
)
from minerva.layers.core.openapi.operations import operation, parameter


def schedule_paths() -> Content:
    """Return path → operations."""
    count = {"type": "integer", "minimum": 1, "maximum": 100, "default": 3}
    listed = operation(
        "jobs",
        "list_schedules",
        "List what starts jobs by itself, and when it does so next",
        json_content(member("schedules", array(ref("Schedule")))),
        parameters=(
            parameter("service", "query", TEXT, "Only of this service"),
            parameter("count", "query", count, "How many moments of each schedule"),
        ),
    )
    return {"/v1/schedules": {"get": listed}}


def schedule_schema() -> Content:
    """Return the component `Schedule`."""
    moment = {"type": "object", "properties": {"utc": TIME, "local": TIME}}
    last = {
        "type": ["object", "null"],
        "properties": {
            "at": TIME,
            "job_id": {"type": ["string", "null"]},
            "state": {"enum": [*STATES, None]},
            "error": {"type": ["string", "null"]},
        },
    }
    return {
        "type": "object",
        "description": "A schedule has cron, timezone and missed; a watermark every_s and value",
        "required": ["service", "name", "kind", "next", "overdue", "last"],
        "properties": {
            "service": TEXT,
            "name": TEXT,
            "kind": TEXT,
            "cron": TEXT,
            "timezone": TEXT,
            "missed": {"enum": ["once", "skip"]},
            "every_s": {"type": "number"},
            "value": {"type": ["string", "null"]},
            "next": array(moment),
            "overdue": TIME | {"description": "Has come, but no clock (beat) dealt with it"},
            "last": last | {"description": "The last run and its outcome"},
        },
    }
