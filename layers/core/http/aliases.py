"""Movable names for versions: promote, retire and roll back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.registry.records import CHALLENGER, AliasChange
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.reasons import read_reason


def aliases(house: House) -> Blueprint:
    """Return the routes that show and move aliases."""
    routes = Blueprint("aliases", __name__)

    @routes.get("/v1/services/<service>/aliases")
    @needs("predict", "train", "registry")
    def list_aliases(service: str) -> Response:
        found = house.registry.alias_changes(principal().tenant, service)
        named = {alias: str(change.number) for alias, change in found.items()}
        share = found[CHALLENGER].share if CHALLENGER in found else None
        return answer({"aliases": named, "share": share})

    @routes.put("/v1/services/<service>/aliases/<alias>")
    @needs("registry")
    def promote(service: str, alias: str) -> Response:
        """Point an alias at a version, which proves its goldens first."""
        body = read_object(request, ("version", "share", "reason"))
        change = house.registry.promote(
            principal().tenant,
            service,
            _version(body.get("version")),
            alias=alias,
            share=_share(body.get("share")),
            author=principal().author,
            reason=read_reason(body),
        )
        return answer({"alias": change_to_json(change)})

    @routes.delete("/v1/services/<service>/aliases/<alias>")
    @needs("registry")
    def retire(service: str, alias: str) -> Response:
        """Take a challenger, shadow or standby away."""
        body = read_object(request, ("reason",), may_be_empty=True)
        change = house.registry.retire_alias(
            principal().tenant,
            service,
            alias,
            author=principal().author,
            reason=read_reason(body),
        )
        return answer({"alias": change_to_json(change)})

    @routes.post("/v1/services/<service>/rollback")
    @needs("registry")
    def rollback(service: str) -> Response:
        """Return the champion to the version before it."""
        body = read_object(request, ("reason",), may_be_empty=True)
        change = house.registry.rollback(
            principal().tenant, service, author=principal().author, reason=read_reason(body)
        )
        return answer({"alias": change_to_json(change)})

    return routes


def change_to_json(change: AliasChange) -> dict[str, Any]:
    """Return what a caller is told of a movement."""
    return {
        "service": change.service,
        "alias": change.alias,
        "version": None if change.number is None else str(change.number),
        "share": change.share,
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


def _share(value: Any) -> float | None:
    """Read a share of the calls; the registry knows which shares there are."""
    if value is None or type(value) is int or type(value) is float:
        return value
    fault = Fault("/share", "expected a number above 0 and at most 100")
    raise InvalidInput("A share is the percentage of calls to answer.", faults=[fault])
