"""A service's immutable model versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from minerva.layers.abstraction.registry.records import Version
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer


def versions(house: House) -> Blueprint:
    """Return the routes below `/v1/services/{service}/versions`."""
    routes = Blueprint("versions", __name__)

    @routes.get("/v1/services/<service>/versions")
    @needs("predict", "train", "registry")
    def list_versions(service: str) -> Response:
        tenant = principal().tenant
        found = house.registry.versions(tenant, service)
        aliases = house.registry.aliases(tenant, service)
        return answer({"versions": [_summary(version, aliases) for version in found]})

    @routes.get("/v1/services/<service>/versions/<int:number>")
    @needs("predict", "train", "registry")
    def get_version(service: str, number: int) -> Response:
        tenant = principal().tenant
        version = house.registry.version(tenant, service, number)
        aliases = house.registry.aliases(tenant, service)
        return answer({"version": {**_summary(version, aliases), "manifest": version.manifest}})

    return routes


def _summary(version: Version, aliases: Mapping[str, int]) -> dict[str, Any]:
    return {
        "service": version.service,
        "version": str(version.number),
        "aliases": sorted(alias for alias, number in aliases.items() if number == version.number),
        "metrics": version.metrics,
        "configuration_revision": version.configuration_revision,
        "digest": version.digest,
        "job_id": version.job_id,
        "created_at": version.created_at.isoformat(),
    }
