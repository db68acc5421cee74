"""Scoring as MLflow's clients ask for it."""

from __future__ import annotations

from minerva.layers.core.openapi import wishes
from minerva.layers.core.openapi.components import TEXT, Content, array, json_content, member
from minerva.layers.core.openapi.operations import operation

TAG = "scoring"
ROWS: Content = {"text/csv": {"schema": TEXT}}


def scoring_paths() -> Content:
    """Return path → operations."""
    status = json_content(member("status", TEXT))
    version: Content = {"text/plain": {"schema": TEXT}}
    ping = operation(TAG, "ping", "Does the default service answer?", status, public=True)
    health = operation(TAG, "health", "The same under MLflow's name", status, public=True)
    told = operation(TAG, "version", "Tell the release of Minerva", version, public=True)
    for probe in (ping, health):
        probe["responses"]["503"] = {"description": "Not ready", "content": status}
    for probe in (ping, health, told):
        del probe["responses"]["default"]
    return {
        "/invocations": {"post": invocation("invocations", "Ask the default service")},
        "/ping": {"get": ping},
        "/health": {"get": health},
        "/version": {"get": told},
    }


def invocation(name: str, summary: str, *parameters: Content) -> Content:
    """Return an operation that takes what MLflow's clients ask."""
    frame = {
        "type": "object",
        "required": ["data"],
        "properties": {
            "columns": array(TEXT),
            "index": {"type": "array"},
            "data": array({"type": "array"}),
        },
    }
    forms: Content = {
        "dataframe_split": frame,
        "dataframe_records": array({"type": "object"}),
        "instances": {"type": "array"},
        "inputs": {"type": ["array", "object"]},
    }
    asked: Content = {
        "type": "object",
        "additionalProperties": False,
        "oneOf": [{"required": [form]} for form in forms],
        "properties": {
            **forms,
            "params": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": wishes.members(),
            },
        },
    }
    answered = member("predictions", array({"type": "object"}))
    return operation(
        TAG,
        name,
        summary,
        json_content(answered) | ROWS,
        parameters=(*parameters, *wishes.query("CSV")),
        body={"required": True, "content": json_content(asked) | ROWS},
    )
