"""The Open Inference Protocol's model repository: to load a version is to make it the standby."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request

from minerva.errors import Conflict, Unavailable
from minerva.layers.abstraction.registry.records import STANDBY
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import check_content_type, decode, read_bytes
from minerva.layers.core.http.house import House
from minerva.layers.core.http.inference import ACCEPTED
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.protocols.oip.repository import entry, read_index, read_version

PATIENCE_S = 30.0
"""So long a call waits for its version to be loaded here."""


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
        number = read_version(_body())
        aliases = house.registry.aliases(principal().tenant, service)
        if number is not None and number not in aliases.values():
            _stand_by(house, service, number)
        live = house.live.first(principal().tenant, service, PATIENCE_S)
        if number is not None:
            live.only(number)
        elif live.loaded is None:
            raise Unavailable(live.problem or f"Service {service!r} has no version yet: train it.")
        return answer({})

    @routes.post("/v2/repository/models/<service>/unload")
    @needs("registry")
    def unload(service: str) -> Response:
        """Let the standby go. What the other aliases name stays: callers rely on it."""
        number = read_version(_body())
        tenant = principal().tenant
        standby = house.registry.aliases(tenant, service).get(STANDBY)
        if standby is None or number not in {None, standby}:
            raise Conflict(
                f"Only the standby can be unloaded, and service {service!r} has "
                f"{'none' if standby is None else f'version {standby} as such'}: "
                "a champion stays until another version takes its place."
            )
        house.registry.retire_alias(
            tenant, service, STANDBY, author=principal().key_id, reason="unloaded"
        )
        house.live.catch_up()
        return answer({})

    return routes


def _stand_by(house: House, service: str, number: int) -> None:
    caller = principal()
    house.registry.promote(
        caller.tenant, service, number, alias=STANDBY, author=caller.key_id, reason="loaded"
    )


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
