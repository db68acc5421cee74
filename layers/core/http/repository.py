"""The Open Inference Protocol's model repository: to load a version is to make it the standby."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request

from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import check_content_type, decode, read_bytes
from minerva.layers.core.http.house import House
from minerva.layers.core.http.inference import ACCEPTED
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.standby import load_version, unload_version
from minerva.layers.core.protocols.oip.repository import entry, read_index, read_version


def repository(house: House) -> Blueprint:
    """Return the routes below `/v2/repository`."""
    routes = Blueprint("repository", __name__)

    @routes.post("/v2/repository/index")
    @needs("predict", "train", "registry")
    def index() -> Response:
        only_ready = read_index(_body())
        told = [one for live in house.live.all(principal().tenant) for one in _entries(house, live)]
        return answer([one for one in told if not only_ready or one["state"] == "READY"])

    @routes.post("/v2/repository/models/<service>/load")
    @needs("registry")
    def load(service: str) -> Response:
        """Have a version in memory beside the champion; without one, whatever the aliases name."""
        load_version(house, service, read_version(_body()))
        return answer({})

    @routes.post("/v2/repository/models/<service>/unload")
    @needs("registry")
    def unload(service: str) -> Response:
        """Let the standby go. What the other aliases name stays: callers rely on it."""
        unload_version(house, service, read_version(_body()))
        return answer({})

    return routes


def _entries(house: House, live: LiveService) -> Iterator[dict[str, str]]:
    """Give an entry for each version, newest first; one without a version if there is none."""
    tenant, name = live.tenant, live.declaration.service
    held = {one.version.number for one in live.in_memory()}
    quarantined = house.registry.quarantined(tenant, name)
    versions = house.registry.versions(tenant, name)
    for version in versions:
        reason: str | None = None
        if version.number in quarantined:
            reason = f"It is in quarantine: {quarantined[version.number].reason}"
        elif version.number not in held:
            pruned = version.pruned_at is not None
            reason = "Its files were given up." if pruned else "It is not loaded."
        yield entry(name, str(version.number), reason)
    if not versions:
        yield entry(name, "", live.problem or "It has no version yet.")


def _body() -> Any:
    """Return what the body says; it may be left out."""
    body = read_bytes(request)
    if not body:
        return {}
    check_content_type(request, ACCEPTED)
    return decode(body)
