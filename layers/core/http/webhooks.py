"""Who is told of what: subscriptions, their secrets, and what became of each message."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.webhooks.deliveries import delivery_json
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.jobs import read_limit
from minerva.layers.core.http.json_answers import answer


def webhooks(house: House) -> Blueprint:
    """Return the routes below `/v1/webhooks`."""
    routes = Blueprint("webhooks", __name__)
    hooks = house.webhooks

    @routes.get("/v1/webhooks")
    @needs("admin")
    def list_webhooks() -> Response:
        return answer({"webhooks": [one.to_json() for one in hooks.list(principal().tenant)]})

    @routes.post("/v1/webhooks")
    @needs("admin")
    def add_webhook() -> Response:
        """Subscribe a URL and answer with the secret that it verifies with."""
        body = read_object(request, ("url", "events", "service"))
        caller = principal()
        made = hooks.subscribe(
            caller.tenant,
            _text(body, "url"),
            events=_events(body.get("events")),
            service=_text(body, "service", needed=False),
            author=caller.author,
        )
        shown = {**made.to_json(), "secret": hooks.secret(caller.tenant, made.id)}
        return answer({"webhook": shown}, HTTPStatus.CREATED)

    @routes.delete("/v1/webhooks/<string(length=12):webhook>")  # not /deliveries
    @needs("admin")
    def remove_webhook(webhook: str) -> Response:
        caller = principal()
        return answer({"webhook": hooks.remove(caller.tenant, webhook, caller.author).to_json()})

    @routes.get("/v1/webhooks/<webhook>/secret")
    @needs("admin")
    def show_secret(webhook: str) -> Response:
        """Answer a subscription's secret, or that of jobs' own URLs (`callbacks`)."""
        return answer({"webhook": webhook, "secret": hooks.secret(principal().tenant, webhook)})

    @routes.post("/v1/webhooks/<webhook>/test")
    @needs("admin")
    def test_webhook(webhook: str) -> Response:
        """Have a message sent, to see whether it arrives."""
        read_object(request, (), may_be_empty=True)
        job = hooks.test(principal().tenant, webhook)
        response = answer({"delivery": delivery_json(job)}, HTTPStatus.ACCEPTED)
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return response

    @routes.get("/v1/webhooks/deliveries")
    @needs("admin")
    def list_deliveries() -> Response:
        found = hooks.deliveries(
            principal().tenant,
            receiver=request.args.get("webhook"),
            limit=read_limit(request.args.get("limit", "50")),
        )
        return answer({"deliveries": [delivery_json(job) for job in found]})

    return routes


def _text(body: dict[str, Any], name: str, *, needed: bool = True) -> str:
    value = body.get(name)
    if isinstance(value, str):
        return value
    if value is None and not needed:
        return ""
    fault = Fault(f"/{name}", "is missing" if value is None else "expected a text")
    raise InvalidInput("The body does not describe a subscription.", faults=[fault])


def _events(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return value
    fault = Fault("/events", "expected a list of names of events")
    raise InvalidInput("The body does not describe a subscription.", faults=[fault])
