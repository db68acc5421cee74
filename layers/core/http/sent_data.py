"""A training on the data in the body: taken in, looked at while it comes, and then asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from flask import Request, Response

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.jobs.data import DATA
from minerva.layers.abstraction.jobs.jobs import TRAIN
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.training.called import HOW
from minerva.layers.core.http.house import House
from minerva.layers.core.http.incoming import Incoming
from minerva.layers.core.http.layouts import layout_of
from minerva.layers.core.http.submission import WISHES, accepted, asked


def train_on_body(house: House, request: Request, service: str, incoming: Incoming) -> Response:
    """Accept a training on the body; of a body that is refused or broken off nothing is left."""
    wanted = asked(request, service, _wishes(request))
    if wanted.callback_url is not None:  # before all the data has come
        house.jobs.targets.check(wanted.callback_url)
    tenant = wanted.tenant
    declared = parse(house.registry.configuration(tenant, service).declaration).data
    layout = layout_of(request, declared)
    upload = house.uploads.receive(tenant, service, layout, incoming.pieces(), incoming.size)
    meaning = {DATA: {"sha256": upload.digest, "layout": msgspec.to_builtins(layout)}}
    is_new = False
    try:
        again = replace(wanted, meaning=meaning)
        job, is_new = house.jobs.submit(TRAIN, again, {DATA: {"upload": upload.id}})
        return accepted(house, job, is_new)
    finally:
        if not is_new:  # refused, or the same call had come before
            house.uploads.remove(tenant, upload.id)


def _wishes(request: Request) -> dict[str, Any]:
    """Return what else the call wants, which has no place in a body of data."""
    strangers = [name for name in request.args if name not in (*HOW, *WISHES)]
    if strangers:
        fault = Fault(strangers[0], f"not known here; known are {', '.join((*HOW, *WISHES))}")
        raise InvalidInput("The request's parameters do not fit.", faults=[fault])
    wishes: dict[str, Any] = {name: request.args[name] for name in WISHES if name in request.args}
    if "priority" in wishes:
        wishes["priority"] = _number(wishes["priority"])
    return wishes


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        fault = Fault("priority", "expected a whole number")
        raise InvalidInput("The request's parameters do not fit.", faults=[fault]) from None
