"""Scoring as MLflow's clients ask for it: one service, which nobody names."""

from __future__ import annotations

import time
from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, Response, request

from minerva.errors import Fault, NotFound, TooLarge
from minerva.layers.abstraction.formats.layout import Dialect
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.wishes import Wishes
from minerva.layers.core.http.access import needs, principal, public
from minerva.layers.core.http.answering import answer_question
from minerva.layers.core.http.body import check_content_type, decode, read_bytes
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import JSON, answer, encoded
from minerva.layers.core.http.layouts import CSV, header_parameter
from minerva.layers.core.http.models import find_model
from minerva.layers.core.http.requests import tell
from minerva.layers.core.http.wanted import wanted_type
from minerva.layers.core.http.wishes import query_wishes, refuse_query
from minerva.layers.core.openapi.document import own_version
from minerva.layers.core.protocols.mlflow.request import null_for_nan, read_invocation
from minerva.layers.core.protocols.rows.csv_rows import CsvRows
from minerva.layers.core.protocols.rows.csv_table import table
from minerva.layers.core.protocols.rows.judging import judge
from minerva.schema import Decoder

ACCEPTED = (JSON, CSV)
VERSION, DEGRADED = "X-Minerva-Version", "X-Minerva-Degraded"


def scoring(house: House) -> Blueprint:
    """Return the routes of the default service."""
    routes = Blueprint("scoring", __name__)

    @routes.post("/invocations")
    @needs("predict")
    def invocations() -> Response:
        if not house.default_service:
            raise NotFound("No service answers here: the setting default_service names none.")
        return score(house, house.default_service)

    @routes.get("/ping")
    @routes.get("/health")
    @public
    def ping() -> Response:
        """Ready as `/readyz` is, and the default service has a version."""
        named = house.default_service
        ready = house.live.readiness().ready and not house.draining.is_set()
        ready = ready and (not named or house.live.serves(named))
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return answer({"status": "ready" if ready else "not ready"}, status)

    @routes.get("/version")
    @public
    def version() -> Response:
        return Response(own_version(), mimetype="text/plain")

    return routes


def score(house: House, service: str, number: int | None = None) -> Response:
    """Answer an invocation of a service, or of one version of it that is in memory."""
    began = time.perf_counter()
    wanted = wanted_type(request, ACCEPTED)
    check_content_type(request, ACCEPTED)
    live = find_model(house, service, None if number is None else str(number))
    body = read_bytes(request)
    question, header = _read(live, body, house.max_records)
    question = replace(question, version=number)

    def write(answered: Answer) -> Response:
        response = _written(live, answered, wanted, question.wishes, header=header)
        if answered.version is not None:
            response.headers[VERSION] = answered.version
        if answered.degraded:
            response.headers[DEGRADED] = "true"
        return response

    response, facts = answer_question(
        house, principal().tenant, service, question, write, time.perf_counter() - began
    )
    tell(**facts)
    return response


def _read(live: LiveService, body: bytes, most: int) -> tuple[Question, bool]:
    """Return what is asked, and whether a table that answers it begins with its columns' names."""
    if request.mimetype == JSON:
        refuse_query("params in the body")
        return read_invocation(decode(null_for_nan(body)), live.decoder, most), True
    wishes, header = query_wishes(), header_parameter(request.mimetype_params)
    question, named = _read_table(body, live.decoder, most, header=header)
    return question.wishing(wishes), named


def _read_table(
    body: bytes, decoder: Decoder, most: int, *, header: bool | None
) -> tuple[Question, bool]:
    """Return what a CSV text asks, and whether it began with its columns' names."""
    reader = CsvRows(decoder.schema, Dialect(), header=header)
    rows = [*reader.feed(body), *reader.end()]
    if len(rows) > most:
        message = f"has {len(rows)} rows, {most} are allowed; send several calls"
        raise TooLarge("These are too many at once.", faults=[Fault("", message)])
    return judge(reader, decoder, rows).demand_all(), bool(reader.header)


def _written(
    live: LiveService, answered: Answer, wanted: str, wishes: Wishes, *, header: bool
) -> Response:
    if wanted == JSON:
        return Response(encoded({"predictions": answered.predictions}), mimetype=JSON)
    content = table(live.schema, answered, wishes, header=header)
    told = "present" if header else "absent"
    return Response(content, content_type=f"{CSV}; charset=utf-8; header={told}")
