"""The services that a tenant has."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from minerva.layers.abstraction.registry.records import CHALLENGER
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer


def services(house: House) -> Blueprint:
    """Return the routes below `/v1/services` that list and describe."""
    routes = Blueprint("services", __name__)

    @routes.get("/v1/services")
    @needs("predict", "train", "registry")
    def list_services() -> Response:
        found = [live.to_json() for live in house.live.all(principal().tenant)]
        return answer({"services": found, "problems": house.live.problems()})

    @routes.get("/v1/services/<service>")
    @needs("predict", "train", "registry")
    def describe_service(service: str) -> Response:
        tenant = principal().tenant
        described = house.live.find(tenant, service).to_json()
        versions = house.registry.versions(tenant, service)
        aliases = house.registry.alias_changes(tenant, service)
        quarantined = house.registry.quarantined(tenant, service)
        described["versions"] = {
            "count": len(versions),
            "latest": str(versions[0].number) if versions else None,
        }
        described["aliases"] = {alias: str(change.number) for alias, change in aliases.items()}
        described["share"] = aliases[CHALLENGER].share if CHALLENGER in aliases else None
        described["quarantined"] = [
            {"version": str(number), "reason": one.reason, "since": one.created_at.isoformat()}
            for number, one in quarantined.items()
        ]
        described["tuned"] = _tuned(house, tenant, service)
        described["configuration"] = _configuration(house, tenant, service)
        return answer({"service": described})

    return routes


def _configuration(house: House, tenant: str, service: str) -> dict[str, Any]:
    """Tell who declared the service so, and why."""
    newest = house.registry.configuration(tenant, service)
    return {
        "revision": newest.revision,
        "author": newest.author,
        "reason": newest.reason,
        "created_at": newest.created_at.isoformat(),
        "derived": newest.derived,
    }


def _tuned(house: House, tenant: str, service: str) -> dict[str, Any] | None:
    """Tell which parameters an accepted proposal put in the place of the file's."""
    configuration = house.registry.configuration(tenant, service)
    proposal = house.proposals.origin(configuration)
    if proposal is None:
        return None
    parameters = configuration.declaration.get("parameters", {})
    return {"proposal": proposal.number, "parameters": parameters}
