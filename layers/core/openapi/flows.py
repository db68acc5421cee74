"""The routes of flows: how one is made, a run with all that its steps did, and each step."""

from __future__ import annotations

from minerva.layers.core.openapi.components import (
    TEXT,
    Content,
    array,
    json_content,
    member,
    ref,
)
from minerva.layers.core.openapi.operations import SERVICE, json_body, operation, parameter

TAG = "flows"
FREE: Content = {"type": "object"}
STEP = parameter("step", "path", TEXT, "A step of the flow")
FLOW: Content = {
    "type": "object",
    "required": ["service", "inputs", "steps", "answer"],
    "properties": {"service": TEXT, "inputs": FREE, "steps": array(FREE), "answer": FREE},
}
RUN: Content = {
    "type": "object",
    "required": ["predictions", "steps", "trace", "service", "version", "request_id"],
    "properties": {
        "predictions": array(FREE),
        "steps": {"type": "object", "additionalProperties": array(FREE)},
        "trace": array(FREE),
        "service": TEXT,
        "version": {"type": ["string", "null"]},
        "request_id": TEXT,
    },
}


def flow_paths() -> Content:
    """Return path → operations."""
    return {
        "/v1/services/{service}/flow": {"get": _show()},
        "/v1/services/{service}/run": {"post": _run()},
        "/v2/models/{service}.{step}/infer": {"post": _step()},
    }


def _show() -> Content:
    drawing: Content = {"image/svg+xml": {"schema": TEXT}}
    told = {**json_content(member("flow", FLOW)), **drawing}
    says = "Show or draw the steps of a flow"
    return operation(TAG, "show_flow", says, told, parameters=(SERVICE,))


def _run() -> Content:
    asked: Content = {
        "type": "object",
        "additionalProperties": False,
        "required": ["records"],
        "properties": {"records": array(FREE), "steps": array(TEXT)},
    }
    return operation(
        TAG,
        "run_flow",
        "Run a flow and show what each step did",
        json_content(RUN),
        parameters=(SERVICE,),
        body=json_body(asked),
    )


def _step() -> Content:
    asked: Content = {
        "type": "object",
        "required": ["inputs"],
        "properties": {"inputs": array(FREE)},
    }
    step = operation(
        TAG,
        "infer_step",
        "Do the work of one step of a flow",
        json_content({"type": "object", "required": ["model_name", "outputs"]}),
        parameters=(SERVICE, STEP),
        body=json_body(asked),
    )
    step["responses"]["default"] = ref("InferenceProblem", "responses")
    return step
