"""Predictions for XML documents: whole ones, as large as a body may be."""

from __future__ import annotations

import time

from flask import Response, g, request

from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.core.http.access import principal
from minerva.layers.core.http.answering import answer_question, body_of
from minerva.layers.core.http.body import check_content_type, read_bytes
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import JSON, encoded
from minerva.layers.core.http.models import find_model
from minerva.layers.core.http.requests import tell
from minerva.layers.core.http.wanted import wanted_type
from minerva.layers.core.http.wishes import query_wishes
from minerva.layers.core.protocols.xml.asking import read_question
from minerva.layers.core.protocols.xml.writing import write_answer

XML = ("application/xml", "text/xml")


def predict_document(house: House, service: str) -> Response:
    """Answer the request's document in XML, or in JSON where `Accept` asks for it."""
    began = time.perf_counter()
    wanted = wanted_type(request, (*sorted(XML, key=request.mimetype.__ne__), JSON))
    check_content_type(request, XML)
    schema, wishes = find_model(house, service).schema, query_wishes()
    encoding = request.mimetype_params.get("charset")
    question = read_question(read_bytes(request), schema, house.max_records, encoding)
    question = question.wishing(wishes)

    def write(answered: Answer) -> bytes:
        if wanted == JSON:
            return encoded(body_of(service, answered, g.request_id))
        return write_answer(service, answered, g.request_id)

    content, facts = answer_question(
        house, principal().tenant, service, question, write, time.perf_counter() - began
    )
    tell(**facts)
    return Response(content, content_type=wanted if wanted == JSON else f"{wanted}; charset=utf-8")
