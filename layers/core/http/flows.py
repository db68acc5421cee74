"""Flows: how one is made, a run with all that its steps did, and each step as a model of its own."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request

from minerva.errors import Conflict, Fault, InvalidInput, NotFound
from minerva.layers.abstraction.flows.describing import described
from minerva.layers.abstraction.flows.drawing import svg
from minerva.layers.abstraction.flows.graph import Node
from minerva.layers.abstraction.flows.model import FlowModel
from minerva.layers.abstraction.flows.serving import flow_of, traced
from minerva.layers.abstraction.flows.tensors import to_tensors
from minerva.layers.abstraction.flows.work import Made
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import check_content_type, decode, read_bytes
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import JSON, answer
from minerva.layers.core.http.problems import problem_content, status_of
from minerva.layers.core.http.requests import tell
from minerva.layers.core.protocols.oip.request import HEADER_LENGTH, split
from minerva.layers.core.protocols.oip.steps import read_items
from minerva.spelling import hint

SVG = "image/svg+xml"


class RunCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/services/{s}/run`."""

    records: list[Any]
    steps: list[str] | None = None
    """Whose rows are answered; None: every step's."""


def flows(house: House) -> Blueprint:
    """Return the routes of flows."""
    routes = Blueprint("flows", __name__)

    @routes.get("/v1/services/<service>/flow")
    @needs("predict", "train", "registry")
    def show_flow(service: str) -> Response:
        """Answer the graph, as JSON or drawn."""
        model = flow_of(house.live.find(principal().tenant, service))
        told = described(service, model.graph)
        if request.accept_mimetypes.best_match([JSON, SVG]) == SVG:
            return Response(svg(told), mimetype=SVG)
        return answer({"flow": told})

    @routes.post("/v1/services/<service>/run")
    @needs("train")
    def run_flow(service: str) -> Response:
        """Run it for some records and answer what each step did and made."""
        live = house.live.find(principal().tenant, service)
        model = flow_of(live)
        check_content_type(request, (JSON,))
        call = _call(
            decode(read_bytes(request)), house.max_records, [n.name for n in model.graph.nodes]
        )
        batch = live.decoder.records(call.records)
        told, error = traced(model, batch, call.steps)
        version = None if live.version is None else str(live.version.number)
        tell(version=version)
        told |= {"service": service, "version": version, "request_id": g.request_id}
        if error is None:
            return answer(told)
        return answer({**told, "error": problem_content(error)}, status_of(error))

    @routes.post("/v2/models/<service>.<step>/infer")
    @needs("predict")
    def infer_step(service: str, step: str) -> Response:
        """Do the work of one step on what is sent: how a flow's other container asks for it.

        What reaches outside does so with the rights of the flow's owner: that takes more than to predict.
        """
        live = house.live.find(principal().tenant, service)
        model = _with_steps(live)
        node = model.node(step)
        if node.outside:
            principal().require("train")
        body = read_bytes(request)
        head, tail = split(body, request.headers.get(HEADER_LENGTH))
        sent = read_items(decode(head), tail, node.taken, house.max_records)
        made = model.do(step, sent.items, sent.run, math.inf)
        version = None if live.version is None else str(live.version.number)
        tell(version=version, step=step)
        return answer(_told(f"{service}.{step}", version, node, made))

    return routes


def _with_steps(live: LiveService) -> FlowModel:
    """Return the flow that serves. Raises NotFound for what is none: no model has a step's name then."""
    try:
        return flow_of(live)
    except Conflict as error:
        raise NotFound(error.message) from error


def _told(name: str, version: str | None, node: Node, made: Made) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if made.of is not None:
        parameters["of"] = made.of.tolist()
    if made.failed:
        parameters["failed"] = {
            str(row): msgspec.to_builtins(why) for row, why in made.failed.items()
        }
    told = {"model_name": name, "id": g.request_id, "outputs": to_tensors(made.columns, node.made)}
    told |= {} if version is None else {"model_version": version}
    return told | ({"parameters": parameters} if parameters else {})


def _call(sent: Any, most: int, steps: list[str]) -> RunCall:
    try:
        call = msgspec.convert(sent, RunCall)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            "This is no run of a flow.",
            faults=[Fault("", 'expected {"records": […]} and perhaps "steps": [names]')],
        ) from error
    if not 0 < len(call.records) <= most:
        message = f"expected 1 to {most} records, got {len(call.records)}"
        raise InvalidInput("These are too few or too many.", faults=[Fault("/records", message)])
    faults = [
        Fault(f"/steps/{at}", f"there is no such step; {hint(name, steps)}")
        for at, name in enumerate(call.steps or ())
        if name not in steps
    ]
    if faults:
        raise InvalidInput("Some steps are unknown.", faults=faults)
    return call
