"""Starting offline work on a service: accepted at once, done by a worker."""

from __future__ import annotations

from flask import Blueprint, Request, Response, request

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.batch.task import CALL_MEMBERS
from minerva.layers.abstraction.jobs.data import DATA
from minerva.layers.abstraction.jobs.jobs import BATCH, TRAIN
from minerva.layers.abstraction.jobs.trained_first import WITH_SERVICES
from minerva.layers.abstraction.training.called import HOW
from minerva.layers.core.http.access import needs
from minerva.layers.core.http.house import House
from minerva.layers.core.http.incoming import Incoming
from minerva.layers.core.http.layouts import DATA_TYPES
from minerva.layers.core.http.sent_data import train_on_body
from minerva.layers.core.http.submission import read_job, submitted

MEMBERS = (DATA, WITH_SERVICES)
"""What the body of a call that trains may hold."""


def training(house: House) -> Blueprint:
    """Return the routes that start jobs."""
    routes = Blueprint("training", __name__)
    gates = house.gates

    @routes.post("/v1/services/<service>/train")
    @needs("train")
    def train(service: str) -> Response:
        """Accept a training on the declared data, on other that is named, or on that of the body."""
        if request.mimetype in DATA_TYPES:
            incoming = Incoming(request, house.uploads.limits.max_bytes)
            with gates.entered():
                return train_on_body(house, request, service, incoming)
        _refuse_how(request)
        body = read_job(request, MEMBERS)
        payload = {name: body[name] for name in MEMBERS if name in body}
        return submitted(house, request, TRAIN, service, body, payload)

    @routes.post("/v1/services/<service>/batch")
    @needs("train")
    def batch(service: str) -> Response:
        """Accept a batch prediction."""
        body = read_job(request, CALL_MEMBERS)
        payload = {name: body[name] for name in CALL_MEMBERS if body.get(name) is not None}
        return submitted(house, request, BATCH, service, body, payload)

    @routes.post("/v1/services/<service>/jobs")
    @needs("train")
    def start_job(service: str) -> Response:
        """Accept a job of any kind that a caller may start."""
        body = read_job(request, ("kind", "parameters"))
        kind, parameters = body.get("kind"), body.get("parameters", {})
        if not isinstance(kind, str) or "." in kind:
            raise _misfit("/kind", "expected the name of a kind of job")
        if not isinstance(parameters, dict):
            raise _misfit("/parameters", "expected an object")
        return submitted(house, request, kind, service, body, parameters)

    return routes


def _refuse_how(request: Request) -> None:
    """Raise InvalidInput for what only a body of data needs, and here would be passed over."""
    faults = [Fault(name, "belongs to data in the body") for name in HOW if name in request.args]
    if faults:
        raise InvalidInput("The request's parameters do not fit.", faults=faults)


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The body does not fit this call.", faults=[Fault(where, message)])
