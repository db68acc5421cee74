"""Inference in the Open Inference Protocol, version 2, with JSON or binary tensors."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace

from flask import Blueprint, Response, g, request

from minerva.errors import MinervaError
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.abstraction.serving.together import only
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.answering import Facts, Pending, answer_questions
from minerva.layers.core.http.body import check_content_type, decode, read_bytes
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import JSON
from minerva.layers.core.http.models import find_model
from minerva.layers.core.http.shortcut import (
    Environ,
    Inquiry,
    Outcome,
    Written,
    raise_failure,
    sent,
    shortcut,
)
from minerva.layers.core.protocols.oip.outputs import described
from minerva.layers.core.protocols.oip.request import (
    HEADER_LENGTH,
    InferRequest,
    read_request,
    split,
)
from minerva.layers.core.protocols.oip.response import InferResponse, write_response
from minerva.schema import Schema

BINARY = "application/octet-stream"
ACCEPTED = (JSON, BINARY, "")
"""Some clients name no content type."""
ROUTE = "/v2/models/<service>/infer"
_HEADER_LENGTH = "HTTP_" + HEADER_LENGTH.upper().replace("-", "_")


def inference(house: House) -> Blueprint:
    """Return the routes that infer."""
    routes = Blueprint("inference", __name__)
    inferring = Inferring(house)

    @routes.post(ROUTE)
    @routes.post("/v2/models/<service>/versions/<number>/infer")
    @needs("predict")
    def infer(service: str, number: str | None = None) -> Response:
        raise_failure(request.environ)
        live = find_model(house, service, number)
        check_content_type(request, ACCEPTED)
        asked = inferring.read_body(live, request.environ, read_bytes(request))
        if number is not None:
            question = replace(asked.sent.question, version=int(number))
            asked = replace(asked, sent=replace(asked.sent, question=question))
        inquiry = Inquiry(asked, g.request_id, copy_context())
        return sent(only(inferring.answer(principal().tenant, service, [inquiry])))

    routes.record_once(shortcut(house, ROUTE, infer, inferring))
    return routes


@dataclass(frozen=True)
class Asked:
    """What was read of a request, by which schema, in how many seconds."""

    sent: InferRequest
    schema: Schema
    read_s: float


@dataclass(frozen=True)
class Inferring:
    """What the view and its shortcut share."""

    house: House
    kinds = ACCEPTED

    def read(self, tenant: str, service: str, environ: Environ, body: bytes) -> Asked | None:
        """Return what a body asks, None if it does not fit."""
        live = self.house.live.get(tenant, service)
        if live is None or live.loaded is None:
            return None
        try:
            return self.read_body(live, environ, body)
        except MinervaError:
            return None

    def read_body(self, live: LiveService, environ: Environ, body: bytes) -> Asked:
        """Return what a body asks. Raises InvalidBody, InvalidInput or TooLarge."""
        began = time.perf_counter()
        schema = live.schema
        head, tail = split(body, environ.get(_HEADER_LENGTH))
        asked = read_request(decode(head), tail, schema, described(schema), self.house.max_records)
        if asked.matrix is not None and live.loaded is not None:
            batch = live.loaded.decoder.straight.of_matrix(asked.matrix)
            asked = replace(asked, question=replace(asked.question, batch=batch))
        return Asked(asked, schema, time.perf_counter() - began)

    def answer(
        self, tenant: str, service: str, inquiries: Sequence[Inquiry[Asked]]
    ) -> list[Outcome]:
        """Return answers, in JSON with binary data after it where that is asked for."""
        pending = [_pending(one) for one in inquiries]
        answers = answer_questions(self.house, tenant, service, pending)
        return [one if isinstance(one, Exception) else _written(*one) for one in answers]


def _pending(inquiry: Inquiry[Asked]) -> Pending[InferResponse]:
    asked = inquiry.asked

    def write(answered: Answer) -> InferResponse:
        return write_response(asked.sent, answered, asked.schema, inquiry.request_id)

    return Pending(asked.sent.question, write, inquiry.context, asked.read_s)


def _written(response: InferResponse, facts: Facts) -> Written:
    if response.header_length is None:
        return Written(response.body, {"Content-Type": JSON}, facts)
    headers = {"Content-Type": BINARY, HEADER_LENGTH: str(response.header_length)}
    return Written(response.body, headers, facts)
