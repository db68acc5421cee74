"""The revisions of a service's configuration, and the way back to one."""

from __future__ import annotations

from flask import Blueprint, Response, request

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.services.revisions import masked
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.reasons import demand_reason
from minerva.layers.core.http.requests import tell


def revisions(house: House) -> Blueprint:
    """Return the routes below `/v1/services/{service}/revisions`."""
    routes = Blueprint("revisions", __name__)

    @routes.get("/v1/services/<service>/revisions")
    @needs("train", "registry")
    def list_revisions(service: str) -> Response:
        found = house.revisions.list(principal().tenant, service)
        return answer({"revisions": [revised.to_json() for revised in found]})

    @routes.get("/v1/services/<service>/revisions/<int:number>")
    @needs("train", "registry")
    def get_revision(service: str, number: int) -> Response:
        found = house.revisions.get(principal().tenant, service, number)
        declaration = masked(found.configuration.declaration)
        return answer({"revision": {**found.to_json(), "declaration": declaration}})

    @routes.post("/v1/services/<service>/revisions/<int:number>/restore")
    @needs("admin")
    def restore(service: str, number: int) -> Response:
        """Let the service be declared as it was; the same again changes nothing."""
        body = read_object(request, ("reason", "train"))
        train = body.get("train", False)
        if not isinstance(train, bool):
            fault = Fault("/train", "expected true or false")
            raise InvalidInput("The body does not fit this call.", faults=[fault])
        caller, reason = principal(), demand_reason(body)
        restored = house.revisions.restore(
            caller.tenant, service, number, author=caller.author, reason=reason, train=train
        )
        tell(job_id=restored.job_id)
        newest = house.revisions.get(caller.tenant, service, restored.configuration.revision)
        return answer({"revision": newest.to_json(), "job_id": restored.job_id})

    return routes
