"""What starts jobs by itself, and when it does so next."""

from __future__ import annotations

from flask import Blueprint, Response, request

from minerva.errors import Fault, InvalidInput
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer

MOST = 100


def schedules(house: House) -> Blueprint:
    """Return the route `/v1/schedules`."""
    routes = Blueprint("schedules", __name__)

    @routes.get("/v1/schedules")
    @needs("train")
    def list_schedules() -> Response:
        found = house.upcoming.list(
            principal().tenant,
            service=request.args.get("service"),
            count=_count(request.args.get("count", "3")),
        )
        return answer({"schedules": found})

    return routes


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST):  # noqa: PLR2004 - digits of MOST
        fault = Fault("count", f"expected a number from 1 to {MOST}")
        raise InvalidInput("The request's parameters do not fit.", faults=[fault])
    return int(text)
