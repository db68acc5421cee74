"""Whether the process is alive, and whether it serves what it should."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response

from minerva.layers.core.http.access import public, trusted_principal
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer


def health(house: House) -> Blueprint:
    """Return the routes `/livez` and `/readyz`."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    @public
    def livez() -> Response:
        return answer({"status": "alive"})

    @routes.get("/readyz")
    @public
    def readyz() -> Response:
        """Ready: every champion proved its goldens here, or an older version still serves."""
        readiness = house.live.readiness()
        ready = readiness.ready and not house.draining.is_set()
        content: dict[str, object] = {"status": "ready" if ready else "not ready"}
        caller = trusted_principal(house)
        if caller is not None:
            content["services"] = [
                {name: value for name, value in service.items() if name != "tenant"}
                for service in readiness.services
                if house.local_only or service["tenant"] == caller.tenant
            ]
        return answer(content, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    return routes
