"""JSON for programs: customers with their live risk, the riskiest, and how the product is doing."""

import datetime as dt
from typing import Any

from flask import Blueprint, abort, g, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine, text

from legacy_stub.campaign import riskiest
from legacy_stub.customers import Customer, find
from legacy_stub.prediction import ask_risk
from legacy_stub.risk import Risk
from legacy_stub.sidecar import Sidecar
from legacy_stub.status import status
from legacy_stub.web.asked import whole

_MOST = 1000


class Api:
    """The same things as on the pages, without the pages."""

    def __init__(self, engine: Engine, sidecar: Sidecar, deadline_seconds: float) -> None:
        self._engine = engine
        self._sidecar = sidecar
        self._deadline_seconds = deadline_seconds

    def blueprint(self) -> Blueprint:
        """The routes of this interface."""
        api = Blueprint("api", __name__)
        api.add_url_rule("/api/customers/<customer_id>", "customer", self.customer)
        api.add_url_rule("/api/riskiest", "riskiest", self.riskiest)
        api.add_url_rule("/status.json", "status", self.status)
        api.add_url_rule("/health", "health", self.health)
        return api

    def customer(self, customer_id: str) -> ResponseReturnValue:
        """One customer with a live prediction; `risk.reason` says why there is none."""
        customer = find(self._engine, customer_id)
        if customer is None:
            abort(404)
        risk = ask_risk(self._sidecar, customer, g.trace, self._deadline_seconds)
        return jsonify(
            customer_id=customer.customer_id,
            name=customer.name,
            email=customer.email,
            churn=customer.churn,
            features=dict(customer.features),
            risk=_risk(risk),
        )

    def riskiest(self) -> ResponseReturnValue:
        """The `limit` customers with the highest stored scores."""
        limit = min(whole(request.args.get("limit"), 5), _MOST)
        found = riskiest(self._engine, limit=limit)
        return jsonify(customers=[_scored(customer) for customer in found])

    def status(self) -> ResponseReturnValue:
        """How the units are doing."""
        return jsonify(_with_text_moments(status(self._engine, self._sidecar)))

    def health(self) -> ResponseReturnValue:
        """Whether the product can do its work; the sidecar is not part of that."""
        with self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return jsonify(status="ok")


def _risk(risk: Risk) -> dict[str, Any]:
    return {
        "churn": risk.churn,
        "probability": risk.probability,
        "band": risk.band,
        "version": risk.version,
        "degraded": risk.degraded,
        "milliseconds": risk.milliseconds,
        "request_id": risk.request_id,
        "reason": risk.reason,
    }


def _scored(customer: Customer) -> dict[str, Any]:
    score = customer.score
    return {
        "customer_id": customer.customer_id,
        "name": customer.name,
        "contract": customer.features["contract"],
        "monthly_charges": customer.features["monthly_charges"],
        "probability": score and score.probability,
        "band": score and score.band,
        "version": score and score.version,
    }


def _with_text_moments(value: Any) -> Any:
    """The same structure with every moment in ISO 8601."""
    if isinstance(value, dict):
        return {key: _with_text_moments(part) for key, part in value.items()}
    return value.isoformat() if isinstance(value, dt.datetime) else value
