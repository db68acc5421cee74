"""The one verb: predict."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, Response, g, request

from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.together import only
from minerva.layers.abstraction.training.called import HOW
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.answering import Facts, Pending, answer_questions, body_of
from minerva.layers.core.http.body import read_question, read_straight
from minerva.layers.core.http.bulk import BULK, predict_rows
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import JSON, encoded
from minerva.layers.core.http.shortcut import (
    Environ,
    Inquiry,
    Outcome,
    Written,
    raise_failure,
    sent,
    shortcut,
)
from minerva.layers.core.http.wishes import refuse_query
from minerva.layers.core.http.xml_documents import XML, predict_document

ROUTE = "/v1/services/<service>/predict"


def predict(house: House) -> Blueprint:
    """Return the route that answers predictions."""
    routes = Blueprint("predict", __name__)
    asking = Asking(house)

    @routes.post(ROUTE)
    @needs("predict")
    def predict_records(service: str) -> Response:
        raise_failure(request.environ)
        if request.mimetype in BULK:
            return predict_rows(house, service)
        if request.mimetype in XML:
            return predict_document(house, service)
        refuse_query("the body, beside its records", HOW)
        question = read_question(request, house.max_records)
        inquiry = Inquiry(question, g.request_id, copy_context())
        return sent(only(asking.answer(principal().tenant, service, [inquiry])))

    routes.record_once(shortcut(house, ROUTE, predict_records, asking))
    return routes


@dataclass(frozen=True)
class Asking:
    """What the view and its shortcut share."""

    house: House
    kinds = (JSON,)

    def read(
        self,
        tenant: str,
        service: str,
        environ: Environ,  # noqa: ARG002 - the body says all
        body: bytes,
    ) -> Question | None:
        """Return what a body asks, None if it is unusual, or the service is."""
        live = self.house.live.get(tenant, service)
        if live is None or live.loaded is None:
            return None
        return read_straight(body, live.loaded.decoder, self.house.max_records)

    def answer(
        self, tenant: str, service: str, inquiries: Sequence[Inquiry[Question]]
    ) -> list[Outcome]:
        """Return answers in JSON."""

        def write(request_id: str, answered: Answer) -> bytes:
            return encoded(body_of(service, answered, request_id))

        pending = [
            Pending(one.asked, partial(write, one.request_id), one.context) for one in inquiries
        ]
        answers = answer_questions(self.house, tenant, service, pending)
        return [one if isinstance(one, Exception) else _written(*one) for one in answers]


def _written(content: bytes, facts: Facts) -> Written:
    return Written(content, {"Content-Type": JSON}, facts)
