"""How a service does in use: the truth that comes later, live metrics, and drift."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, Response, request

from minerva.errors import Fault, InvalidInput, TooLarge
from minerva.layers.abstraction.monitoring.drifting import DAYS as LOOKED_BACK
from minerva.layers.abstraction.monitoring.performance import DAYS
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.spelling import hint

PARAMETERS = ("days", "window")


def monitoring(house: House) -> Blueprint:
    """Return the routes below `/v1/services/{service}` that tell how it does."""
    routes = Blueprint("monitoring", __name__)
    parts = house.monitoring

    @routes.post("/v1/services/<service>/feedback")
    @needs("feedback")
    def give_feedback(service: str) -> Response:
        tenant = principal().tenant
        solved = house.live.find(tenant, service).solved
        told = _told(read_object(request, ("feedback",)), house.max_records)
        received = parts.feedback.receive(tenant, service, solved, told)
        return answer({"feedback": received.to_json()})

    @routes.get("/v1/services/<service>/performance")
    @needs("predict", "train", "registry")
    def get_performance(service: str) -> Response:
        days, window = _windows(DAYS)
        report = parts.performance.report(principal().tenant, service, days, window)
        return answer({"performance": report})

    @routes.get("/v1/services/<service>/drift")
    @needs("predict", "train", "registry")
    def get_drift(service: str) -> Response:
        days, window = _windows(LOOKED_BACK)
        report = parts.drift.report(principal().tenant, service, days, window)
        return answer({"drift": report})

    return routes


def _told(body: dict[str, Any], most: int) -> list[Any]:
    told = body.get("feedback")
    if not isinstance(told, list) or not told:
        raise _misfit("/feedback", "expected an array that is not empty")
    if len(told) > most:
        message = f"has {len(told)} entries, {most} are allowed; send several calls"
        raise TooLarge("These are too many at once.", faults=[Fault("/feedback", message)])
    return told


def _windows(days: float) -> tuple[float, str]:
    """Return how far back and in which steps a report looks. Raises InvalidInput."""
    for name in request.args:
        if name not in PARAMETERS:
            raise _misfit(name, f"not known here; {hint(name, PARAMETERS)}")
    text = request.args.get("days")
    try:
        asked = days if text is None else float(text)
    except ValueError:
        asked = math.nan
    return asked, request.args.get("window", "day")


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The call does not fit.", faults=[Fault(where, message)])
