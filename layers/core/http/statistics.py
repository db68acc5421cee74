"""What this web worker answered, as the Open Inference Protocol's statistics extension tells it."""

from __future__ import annotations

from flask import Blueprint, Response

from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.models import LOOKERS, find_model, version_number
from minerva.layers.core.protocols.oip.statistics import model_stats


def statistics(house: House) -> Blueprint:
    """Return the routes that end in `/stats`."""
    routes = Blueprint("statistics", __name__)

    @routes.get("/v2/models/stats")
    @needs(*LOOKERS)
    def of_all_models() -> Response:
        tenant = principal().tenant
        names = [live.declaration.service for live in house.live.all(tenant)]
        told = [
            one for name in names for one in model_stats(name, house.statistics.of(tenant, name))
        ]
        return answer({"model_stats": told})

    @routes.get("/v2/models/<service>/stats")
    @routes.get("/v2/models/<service>/versions/<number>/stats")
    @needs(*LOOKERS)
    def of_model(service: str, number: str | None = None) -> Response:
        find_model(house, service)
        wanted = None if number is None else str(version_number(number))
        series = house.statistics.of(principal().tenant, service)
        told = [one for one in series if wanted in {None, one[0]}]
        return answer({"model_stats": model_stats(service, told)})

    return routes
