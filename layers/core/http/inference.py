"""Inference in the Open Inference Protocol, version 2, with JSON or binary tensors."""

from __future__ import annotations

import time
from dataclasses import replace

from flask import Blueprint, Response, g, request

from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.answering import answer_question
from minerva.layers.core.http.body import check_content_type, decode, read_bytes
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import JSON
from minerva.layers.core.http.models import find_model
from minerva.layers.core.http.requests import tell
from minerva.layers.core.protocols.oip.outputs import described
from minerva.layers.core.protocols.oip.request import (
    HEADER_LENGTH,
    InferRequest,
    read_request,
    split,
)
from minerva.layers.core.protocols.oip.response import write_response
from minerva.schema import Schema

BINARY = "application/octet-stream"
ACCEPTED = (JSON, BINARY, "")
"""Some clients name no content type."""


def inference(house: House) -> Blueprint:
    """Return the routes that infer."""
    routes = Blueprint("inference", __name__)

    @routes.post("/v2/models/<service>/infer")
    @routes.post("/v2/models/<service>/versions/<number>/infer")
    @needs("predict")
    def infer(service: str, number: str | None = None) -> Response:
        began = time.perf_counter()
        schema = find_model(house, service, number).schema
        asked = _read(schema, house.max_records)
        question = replace(asked.question, version=None if number is None else int(number))
        response, facts = answer_question(
            house,
            principal().tenant,
            service,
            question,
            lambda answered: _written(asked, answered, schema),
            time.perf_counter() - began,
        )
        tell(**facts)
        return response

    return routes


def _read(schema: Schema, most_rows: int) -> InferRequest:
    check_content_type(request, ACCEPTED)
    head, tail = split(read_bytes(request), request.headers.get(HEADER_LENGTH))
    return read_request(decode(head), tail, schema, described(schema), most_rows)


def _written(asked: InferRequest, answered: Answer, schema: Schema) -> Response:
    written = write_response(asked, answered, schema, g.request_id)
    if written.header_length is None:
        return Response(written.body, mimetype=JSON)
    response = Response(written.body, mimetype=BINARY)
    response.headers[HEADER_LENGTH] = str(written.header_length)
    return response
