"""The answer to an inference request: a JSON object, and binary data after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.core.protocols.oip.outputs import Output, chosen, outputs_of
from minerva.layers.core.protocols.oip.request import InferRequest
from minerva.layers.core.protocols.oip.tensor import SIZE
from minerva.schema import Schema

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True)
class InferResponse:
    """What is sent back."""

    body: bytes
    header_length: int | None
    """How much of the body is JSON, where binary data follows."""


def write_response(
    asked: InferRequest, answer: Answer, schema: Schema, request_id: str
) -> InferResponse:
    """Return the answer in the form that was asked for; `request_id` where the caller gave no id."""
    how: dict[str, bool] | None = None
    if asked.wanted is not None:
        how = {one.name: one.binary for one in asked.wanted}
    outputs = outputs_of(answer, schema, how or ())
    told: list[dict[str, Any]] = []
    tail: list[bytes] = []
    for output in chosen(outputs, how):
        binary = asked.binary if how is None else how[output.name]
        data = output.to_bytes() if binary else None
        told.append(_told(output, data))
        if data is not None:
            tail.append(data)
    content: dict[str, Any] = {
        "model_name": answer.service,
        "model_version": answer.version,
        "id": asked.id or request_id,
        "outputs": told,
    }
    if answer.version is None:
        del content["model_version"]
    if answer.degraded:
        content["parameters"] = {"degraded": True}
    head = _ENCODER.encode(content)
    return InferResponse(b"".join([head, *tail]), len(head) if tail else None)


def _told(output: Output, data: bytes | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": output.name,
        "datatype": output.datatype,
        "shape": output.shape,
    }
    if data is None:
        return {**told, "data": output.to_json()}
    return {**told, "parameters": {SIZE: len(data)}}
