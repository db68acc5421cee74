"""A service's immutable model versions, and which of them must not serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from minerva.layers.abstraction.registry.records import AliasChange, Quarantine, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.aliases import change_to_json
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.reasons import demand_reason, read_reason


def versions(house: House) -> Blueprint:
    """Return the routes below `/v1/services/{service}/versions`."""
    routes = Blueprint("versions", __name__)

    @routes.get("/v1/services/<service>/versions")
    @needs("predict", "train", "registry")
    def list_versions(service: str) -> Response:
        tenant = principal().tenant
        found = house.registry.versions(tenant, service)
        standing = Standing.of(house.registry, tenant, service)
        return answer({"versions": [standing.summary(version) for version in found]})

    @routes.get("/v1/services/<service>/versions/<int:number>")
    @needs("predict", "train", "registry")
    def get_version(service: str, number: int) -> Response:
        tenant = principal().tenant
        version = house.registry.version(tenant, service, number)
        summary = Standing.of(house.registry, tenant, service).summary(version)
        return answer({"version": {**summary, "manifest": version.manifest}})

    @routes.post("/v1/services/<service>/versions/<int:number>/quarantine")
    @needs("registry")
    def quarantine(service: str, number: int) -> Response:
        """Keep a version from serving; the champion before it serves again if it was champion."""
        tenant = principal().tenant
        reason = demand_reason(read_object(request, ("reason",)))
        change = house.registry.quarantine(
            tenant, service, number, author=principal().author, reason=reason
        )
        moved = None if change is None else change_to_json(change)
        return answer({"version": _shown(house.registry, tenant, service, number), "alias": moved})

    @routes.post("/v1/services/<service>/versions/<int:number>/release")
    @needs("registry")
    def release(service: str, number: int) -> Response:
        """Let a version be promoted again."""
        tenant = principal().tenant
        reason = read_reason(read_object(request, ("reason",), may_be_empty=True))
        house.registry.release(tenant, service, number, author=principal().author, reason=reason)
        return answer({"version": _shown(house.registry, tenant, service, number)})

    return routes


def _shown(registry: Registry, tenant: str, service: str, number: int) -> dict[str, Any]:
    version = registry.version(tenant, service, number)
    return Standing.of(registry, tenant, service).summary(version)


@dataclass(frozen=True)
class Standing:
    """What a service's versions are used for at the moment."""

    aliases: Mapping[str, AliasChange]
    quarantined: Mapping[int, Quarantine]

    @classmethod
    def of(cls, registry: Registry, tenant: str, service: str) -> Standing:
        """Look it up. Raises NotFound."""
        return cls(registry.alias_changes(tenant, service), registry.quarantined(tenant, service))

    def summary(self, version: Version) -> dict[str, Any]:
        """Return what lists show of a version."""
        named = [one for one in self.aliases.values() if one.number == version.number]
        quarantine = self.quarantined.get(version.number)
        return {
            "service": version.service,
            "version": str(version.number),
            "aliases": sorted(change.alias for change in named),
            "share": next((one.share for one in named if one.share is not None), None),
            "quarantined": None if quarantine is None else quarantine.reason,
            "pruned": None if version.pruned_at is None else version.pruned_at.isoformat(),
            "metrics": version.metrics,
            "configuration_revision": version.configuration_revision,
            "digest": version.digest,
            "job_id": version.job_id,
            "created_at": version.created_at.isoformat(),
        }
