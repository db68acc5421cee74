"""Movable names for versions: promote and roll back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.registry.records import AliasChange
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer

MAX_REASON = 500


def aliases(house: House) -> Blueprint:
    """Return the routes that show and move aliases."""
    routes = Blueprint("aliases", __name__)

    @routes.get("/v1/services/<service>/aliases")
    @needs("predict", "train", "registry")
    def list_aliases(service: str) -> Response:
        found = house.registry.aliases(principal().tenant, service)
        return answer({"aliases": {alias: str(number) for alias, number in found.items()}})

    @routes.put("/v1/services/<service>/aliases/<alias>")
    @needs("registry")
    def promote(service: str, alias: str) -> Response:
        """Point an alias at a version, which proves its goldens first."""
        body = read_object(request, ("version", "reason"))
        change = house.registry.promote(
            principal().tenant,
            service,
            _version(body.get("version")),
            alias=alias,
            author=principal().key_id,
            reason=_reason(body),
        )
        return answer({"alias": _json(change)})

    @routes.post("/v1/services/<service>/rollback")
    @needs("registry")
    def rollback(service: str) -> Response:
        """Return the champion to the version before it."""
        body = read_object(request, ("reason",), may_be_empty=True)
        change = house.registry.rollback(
            principal().tenant, service, author=principal().key_id, reason=_reason(body)
        )
        return answer({"alias": _json(change)})

    return routes


def _json(change: AliasChange) -> dict[str, Any]:
    return {
        "service": change.service,
        "alias": change.alias,
        "version": str(change.number),
        "previous": None if change.previous is None else str(change.previous),
        "author": change.author,
        "reason": change.reason,
        "created_at": change.created_at.isoformat(),
    }


def _version(value: Any) -> int:
    """Read a version's number; answers name it as text, so text is taken too."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 10:  # noqa: PLR2004 - more than any service has
        return int(value)
    if type(value) is int and 0 < value < 10**9:
        return value
    fault = Fault("/version", "is missing" if value is None else "expected a version's number")
    raise InvalidInput("The body does not name a version.", faults=[fault])


def _reason(body: dict[str, Any]) -> str:
    reason = body.get("reason", "")
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        fault = Fault("/reason", f"expected text of at most {MAX_REASON} characters")
        raise InvalidInput("The body does not fit this call.", faults=[fault])
    return reason
