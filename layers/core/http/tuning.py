"""What tunings try and propose, and the decision on it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.tuning.kinds import TUNE
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.body import read_object
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.http.reasons import read_reason
from minerva.layers.core.http.requests import tell
from minerva.layers.core.http.submission import read_job, submitted

DECISIONS = ("accept", "reject")
WISHES = ("trials", "timeout_s", "parallel")


def tuning(house: House) -> Blueprint:
    """Return the routes that start a tuning, tell its trials, and decide on what it proposes."""
    routes = Blueprint("tuning", __name__)

    @routes.post("/v1/services/<service>/tune")
    @needs("train")
    def tune(service: str) -> Response:
        """Accept a tuning."""
        body = read_job(request, WISHES)
        payload = {name: body[name] for name in WISHES if name in body}
        return submitted(house, request, TUNE, service, body, payload)

    @routes.get("/v1/jobs/<job_id>/trials")
    @needs("train")
    def list_trials(job_id: str) -> Response:
        return answer(house.tunings.study(principal().tenant, job_id).to_json())

    @routes.get("/v1/services/<service>/proposals")
    @needs("predict", "train", "registry")
    def list_proposals(service: str) -> Response:
        found = house.proposals.list(principal().tenant, service)
        return answer({"proposals": [proposal.to_json() for proposal in found]})

    @routes.get("/v1/services/<service>/proposals/<int:number>")
    @needs("predict", "train", "registry")
    def get_proposal(service: str, number: int) -> Response:
        proposal = house.proposals.get(principal().tenant, service, number)
        return answer({"proposal": proposal.to_json()})

    @routes.put("/v1/services/<service>/proposals/<int:number>")
    @needs("admin")
    def decide(service: str, number: int) -> Response:
        """Accept or reject; the same again changes nothing."""
        body = read_object(request, ("decision", "reason"))
        caller, reason = principal(), read_reason(body)
        if _decision(body) == "reject":
            rejected = house.proposals.reject(
                caller.tenant, service, number, author=caller.author, reason=reason
            )
            return answer({"proposal": rejected.to_json(), "job_id": None})
        accepted = house.proposals.accept(
            caller.tenant, service, number, author=caller.author, reason=reason
        )
        tell(job_id=accepted.job_id)
        return answer({"proposal": accepted.proposal.to_json(), "job_id": accepted.job_id})

    return routes


def _decision(body: dict[str, Any]) -> str:
    decision = body.get("decision")
    if decision not in DECISIONS:
        fault = Fault("/decision", f"expected one of {', '.join(DECISIONS)}")
        raise InvalidInput("The body does not fit this call.", faults=[fault])
    return str(decision)
