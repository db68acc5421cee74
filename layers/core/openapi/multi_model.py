"""The routes of SageMaker's contract for many models."""

from __future__ import annotations

from minerva.layers.core.openapi.components import TEXT, Content, array, json_content, member
from minerva.layers.core.openapi.operations import json_body, operation, parameter
from minerva.layers.core.openapi.scoring import TAG, invocation

MODEL = parameter("model", "path", TEXT, "SERVICE, or SERVICE:VERSION")
_TOLD: Content = {"modelName": TEXT, "modelUrl": TEXT}
_WANTED: Content = {"model_name": TEXT, "url": TEXT}


def multi_model_paths() -> Content:
    """Return path → operations."""
    model = {"type": "object", "required": list(_TOLD), "properties": _TOLD}
    listed = json_content(member("models", array(model)))
    one = json_content(model)
    told = operation(TAG, "get_model", "Tell of a model in memory", one, parameters=(MODEL,))
    remove = operation(TAG, "unload_model", "Let a version go", {}, parameters=(MODEL,))
    del remove["responses"]["200"]["content"]
    return {
        "/models": {
            "get": operation(TAG, "list_models", "List what is in memory", listed),
            "post": operation(
                TAG, "load_model", "Load a version beside the champion", one, body=_wish()
            ),
        },
        "/models/{model}": {"get": told, "delete": remove},
        "/models/{model}/invoke": {"post": invocation("invoke_model", "Ask a model", MODEL)},
    }


def _wish() -> Content:
    return json_body(
        {
            "type": "object",
            "additionalProperties": False,
            "required": list(_WANTED),
            "properties": _WANTED,
            "examples": [{"model_name": "churn:2", "url": "/opt/ml/models/churn:2/model"}],
        }
    )
