"""The one verb: predict."""

from __future__ import annotations

import time
from typing import Any

import structlog
from flask import Blueprint, Response, g, request

from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_question
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.requests import tell

log = structlog.get_logger(layer="core")


def predict(house: House) -> Blueprint:
    """Return the route that answers predictions."""
    routes = Blueprint("predict", __name__)

    @routes.post("/v1/services/<service>/predict")
    @needs("predict")
    def predict_records(service: str) -> Response:
        started_at = time.perf_counter()
        question = read_question(request, house.max_records)
        answered = house.predictor.predict(principal().tenant, service, question)
        log.info(
            "prediction.answered",
            service=service,
            version=answered.version,
            job_id=answered.job_id,
            rows=len(answered),
            degraded=answered.degraded,
            ms=round((time.perf_counter() - started_at) * 1000, 3),
        )
        tell(version=answered.version)
        return answer(_body(service, answered))

    return routes


def _body(service: str, answered: Answer) -> dict[str, Any]:
    body = {
        "predictions": answered.predictions,
        "service": service,
        "version": answered.version,
        "request_id": g.request_id,
        "degraded": answered.degraded,
    }
    if answered.versions is not None:
        body["versions"] = answered.versions
    return body
