"""The routes of the Open Inference Protocol."""

from __future__ import annotations

from typing import Any

from minerva.layers.core.openapi import wishes
from minerva.layers.core.openapi.components import (
    TEXT,
    Content,
    array,
    json_content,
    member,
    ref,
)
from minerva.layers.core.openapi.operations import SERVICE, json_body, operation, parameter
from minerva.layers.core.openapi.records import example_record
from minerva.layers.core.protocols.oip.datatypes import BYTES
from minerva.layers.core.protocols.oip.metadata import model_metadata
from minerva.schema import Schema

TAG = "inference"
NUMBER = parameter(
    "number", "path", {"type": "string", "pattern": "^[0-9]{1,9}$"}, "Version number"
)
LENGTH = parameter(
    "Inference-Header-Content-Length",
    "header",
    {"type": "integer", "minimum": 0},
    "Bytes of JSON in the body, where binary data follows",
)
FREE: Content = {"type": "object", "additionalProperties": True}
MAYBE: Content = FREE | {"type": ["object", "null"]}
"""What a caller may say or leave out; null stands for left out."""
DATATYPES = (
    ["BOOL"]
    + [f"{kind}{8 * size}" for kind in ("UINT", "INT") for size in (1, 2, 4, 8)]
    + ["FP16", "FP32", "FP64", "BYTES"]
)


def inference_schemas() -> Content:
    """Return the schemas that these routes share."""
    described = {"name": {"type": "string", "minLength": 1}, "datatype": {"enum": DATATYPES}}
    shape = {"shape": _shape(1)}  # an empty batch is refused
    tensor = described | shape | {"parameters": MAYBE, "data": {"type": "array"}}
    metadata = described | {"shape": _shape(-1)}  # -1 stands for any number
    return {
        "Tensor": {"type": "object", "required": list(metadata), "properties": tensor},
        "TensorMetadata": {"type": "object", "required": list(metadata), "properties": metadata},
        "InferenceProblem": _problem(),
    }


def inference_responses() -> Content:
    """Return the responses that these routes share."""
    content = json_content(ref("InferenceProblem"))
    return {"InferenceProblem": {"description": "What is wrong, and where", "content": content}}


def _shape(least: int) -> Content:
    return array({"type": "integer", "minimum": least}) | {"minItems": 1, "maxItems": 8}


def _problem() -> Content:
    told = {"type": "string", "description": "Detail and faults, as the protocol's clients read it"}
    own = {"type": "object", "required": ["error"], "properties": {"error": told}}
    return {"allOf": [ref("Problem"), own]}


def inference_paths(schema: Schema | None = None) -> Content:
    """Return path → operations, with an example for a service of this schema."""
    examples = [] if schema is None else [example_inference(schema)]
    paths = {**_server(), **_models(), **_infer(examples), **_statistics(), **_repository()}
    for path in paths.values():
        for made in path.values():
            made["responses"]["default"] = ref("InferenceProblem", "responses")
    return paths


def example_inference(schema: Schema) -> Content:
    """Return a request that a service of this schema accepts: one row, a tensor for each field."""
    record = example_record(schema)
    tensors = model_metadata("", "", (), schema)["inputs"]
    return {"inputs": [_example_tensor(one, record[one["name"]]) for one in tensors]}


def _example_tensor(tensor: Content, value: Any) -> Content:
    data = str(value) if tensor["datatype"] == BYTES else value
    return tensor | {"shape": [1], "data": [data]}


def _get(name: str, summary: str, answer: Content, *parameters: Content) -> Content:
    return {"get": operation(TAG, name, summary, json_content(answer), parameters=parameters)}


def _server() -> Content:
    told = {"name": TEXT, "version": TEXT, "extensions": array(TEXT)}
    server = {"type": "object", "required": list(told), "properties": told}
    truth = {"type": "boolean"}
    return {
        "/v2": _get("server_metadata", "Tell what the server is", server),
        "/v2/health/live": _get("server_live", "Whether it is alive", member("live", truth)),
        "/v2/health/ready": _get("server_ready", "Whether it is ready", member("ready", truth)),
    }


def _models() -> Content:
    tensors = array({"$ref": "#/components/schemas/TensorMetadata"})
    told = {"name": TEXT, "versions": array(TEXT), "platform": TEXT}
    told |= {"inputs": tensors, "outputs": tensors}
    model = {"type": "object", "required": list(told), "properties": told}
    state = {"name": TEXT, "ready": {"type": "boolean"}}
    ready = {"type": "object", "required": list(state), "properties": state}
    return {
        **_with_version("", "model_metadata", "Tell what a model takes and gives", model),
        **_with_version("/ready", "model_ready", "Whether a model is ready", ready),
    }


def _statistics() -> Content:
    told = member("model_stats", array(FREE))
    return {
        "/v2/models/stats": _get("statistics", "Count what all models answered", told),
        **_with_version("/stats", "model_statistics", "Count what a model answered", told),
    }


def _with_version(end: str, name: str, summary: str, answer: Content) -> Content:
    base = "/v2/models/{service}"
    return {
        f"{base}{end}": _get(name, summary, answer, SERVICE),
        f"{base}/versions/{{number}}{end}": _get(
            f"{name}_of_version", f"{summary} (one version)", answer, SERVICE, NUMBER
        ),
    }


def _infer(examples: list[Content]) -> Content:
    tensors = array({"$ref": "#/components/schemas/Tensor"})
    wanted = {"name": TEXT, "parameters": MAYBE}
    output = {"type": "object", "required": ["name"], "properties": wanted}
    asked = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": TEXT,
            "parameters": MAYBE | {"properties": wishes.members()},
            "inputs": tensors | {"minItems": 1},
            "outputs": {"type": ["array", "null"], "items": output},
        },
        "examples": examples,
    }
    told = {"model_name": TEXT, "model_version": TEXT, "id": TEXT, "outputs": tensors}
    answered = {
        "type": "object",
        "required": ["model_name", "id", "outputs"],
        "properties": {**told, "parameters": FREE},
    }
    binary: Content = {"application/octet-stream": {}}
    routes: Content = {}
    for path, name, parameters in (
        ("/v2/models/{service}/infer", "infer", (SERVICE, LENGTH)),
        ("/v2/models/{service}/versions/{number}/infer", "infer_by_version", (SERVICE, NUMBER, LENGTH)),
    ):  # fmt: skip
        made = operation(
            TAG,
            name,
            "Predict with tensors" + (" (one version)" if NUMBER in parameters else ""),
            json_content(answered) | binary,
            parameters=parameters,
            body={"required": True, "content": json_content(asked) | binary},
        )
        routes[path] = {"post": made}
    return routes


def _repository() -> Content:
    entry = {
        "type": "object",
        "required": ["name", "version", "state", "reason"],
        "properties": {
            "name": TEXT,
            "version": TEXT,
            "state": {"enum": ["READY", "UNAVAILABLE"]},
            "reason": TEXT,
        },
    }
    ready = {"type": "object", "properties": {"ready": {"type": "boolean"}}}
    named = {
        "version": {"type": ["string", "integer", "null"]},
        "config": {"type": ["string", "null"]},
    }
    wish = {
        "type": "object",
        "properties": {"parameters": MAYBE | {"properties": named}},
        "examples": [{"parameters": {"version": "1"}}],
    }
    base = "/v2/repository/models/{service}"
    return {
        "/v2/repository/index": _post(
            "repository_index", "List all versions, with those in memory", array(entry), ready
        ),
        f"{base}/load": _post("load", "Load a version beside the champion", FREE, wish, SERVICE),
        f"{base}/unload": _post("unload", "Let the standby go", FREE, wish, SERVICE),
    }


def _post(name: str, summary: str, answer: Content, body: Content, *parameters: Content) -> Content:
    made = operation(
        TAG,
        name,
        summary,
        json_content(answer),
        parameters=parameters,
        body=json_body(body, required=False),
    )
    return {"post": made}
