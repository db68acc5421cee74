"""The one verb: predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, request

from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.answering import Facts, answer_question
from minerva.layers.core.http.body import read_question, read_straight
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import JSON, encoded
from minerva.layers.core.http.requests import tell
from minerva.layers.core.http.shortcut import FAILURE, shortcut

ROUTE = "/v1/services/<service>/predict"


def predict(house: House) -> Blueprint:
    """Return the route that answers predictions."""
    routes = Blueprint("predict", __name__)
    asking = Asking(house)

    @routes.post(ROUTE)
    @needs("predict")
    def predict_records(service: str) -> Response:
        if FAILURE in request.environ:
            raise request.environ[FAILURE]
        question = read_question(request, house.max_records)
        content, facts = asking.answer(principal().tenant, service, question, g.request_id)
        tell(**facts)
        return Response(content, mimetype=JSON)

    routes.record_once(shortcut(house, ROUTE, predict_records, asking))
    return routes


@dataclass(frozen=True)
class Asking:
    """What the view and its shortcut share."""

    house: House

    def read(self, tenant: str, service: str, body: bytes) -> Question | None:
        """Return what a body asks, None if it is unusual, or the service is."""
        live = self.house.live.get(tenant, service)
        if live is None or live.loaded is None:
            return None
        return read_straight(body, live.loaded.decoder, self.house.max_records)

    def answer(
        self, tenant: str, service: str, question: Question, request_id: str
    ) -> tuple[bytes, Facts]:
        """Return the answer's JSON, and which version answered."""
        return answer_question(
            self.house,
            tenant,
            service,
            question,
            lambda answered: encoded(_body(service, answered, request_id)),
        )


def _body(service: str, answered: Answer, request_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "predictions": answered.predictions,
        "service": service,
        "version": answered.version,
        "request_id": request_id,
        "degraded": answered.degraded,
    }
    if answered.versions is not None:
        body["versions"] = answered.versions
    return body
