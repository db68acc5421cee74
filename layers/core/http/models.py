"""The Open Inference Protocol's view of the house: a service is a model, its tenant that of the key."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from minerva.errors import NotFound
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.openapi.document import own_version
from minerva.layers.core.protocols.oip.metadata import model_metadata, server_metadata
from minerva.layers.core.security.principal import Scope

LOOKERS: tuple[Scope, ...] = ("predict", "train", "registry", "metrics")
"""Who may look, probes among them."""


def models(house: House) -> Blueprint:
    """Return the routes below `/v2` that tell of server and models."""
    routes = Blueprint("models", __name__)

    @routes.get("/v2")
    @needs(*LOOKERS)
    def server() -> Response:
        return answer(server_metadata(own_version()))

    @routes.get("/v2/health/live")
    @needs(*LOOKERS)
    def live() -> Response:
        return answer({"live": True})

    @routes.get("/v2/health/ready")
    @needs(*LOOKERS)
    def ready() -> Response:
        """Ready as `/readyz` is."""
        state = house.live.readiness().ready and not house.draining.is_set()
        return _ready({"ready": state})

    @routes.get("/v2/models/<service>")
    @routes.get("/v2/models/<service>/versions/<number>")
    @needs(*LOOKERS)
    def metadata(service: str, number: str | None = None) -> Response:
        found = find_model(house, service, number)
        held = {one.version.number for one in find_model(house, service).in_memory()}
        platform = found.declaration.algorithm
        return answer(model_metadata(service, platform, held, found.schema))

    @routes.get("/v2/models/<service>/ready")
    @routes.get("/v2/models/<service>/versions/<number>/ready")
    @needs(*LOOKERS)
    def model_ready(service: str, number: str | None = None) -> Response:
        found = find_model(house, service, number)
        return _ready({"name": service, "ready": found.loaded is not None})

    return routes


def find_model(house: House, service: str, number: str | None = None) -> LiveService:
    """Return the service, with one version alone if it is named.

    Raises NotFound, or Unavailable for a version on its way.
    """
    live = house.live.find(principal().tenant, service)
    return live if number is None else live.only(version_number(number))


def version_number(text: str) -> int:
    """Read a version's number. Raises NotFound for what cannot be one."""
    if text.isascii() and text.isdigit() and len(text) < 10:  # noqa: PLR2004 - more than any service has
        return int(text)
    raise NotFound("There is no version of that name: versions are numbers.")


def _ready(content: dict[str, Any]) -> Response:
    return answer(content, HTTPStatus.OK if content["ready"] else HTTPStatus.SERVICE_UNAVAILABLE)
