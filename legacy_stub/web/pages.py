"""The pages for people."""

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from legacy_stub.campaign import riskiest, stakes
from legacy_stub.customers import CONTRACTS, find, search
from legacy_stub.prediction import ask_risk
from legacy_stub.risk import Band
from legacy_stub.sidecar import Sidecar
from legacy_stub.status import status
from legacy_stub.web.asked import (
    HIGHEST_THRESHOLD,
    LOWEST_THRESHOLD,
    search_from,
    threshold_from,
)

_CALL_LIST = 50


class Pages:
    """Customers, campaign and status."""

    def __init__(self, engine: Engine, sidecar: Sidecar, deadline_seconds: float) -> None:
        self._engine = engine
        self._sidecar = sidecar
        self._deadline_seconds = deadline_seconds

    def blueprint(self) -> Blueprint:
        """The routes of these pages."""
        pages = Blueprint("pages", __name__)
        pages.add_url_rule("/", "home", self.home)
        pages.add_url_rule("/customers", "customers", self.customers)
        pages.add_url_rule("/customers/<customer_id>", "customer", self.customer)
        pages.add_url_rule("/campaign", "campaign", self.campaign)
        pages.add_url_rule("/status", "status", self.status)
        return pages

    def home(self) -> ResponseReturnValue:
        """The list of customers is where work begins."""
        return redirect(url_for("pages.customers"))

    def customers(self) -> str:
        """A page of customers, as searched for."""
        wanted = search_from(request.args)
        kept = {"q": wanted.text, "contract": wanted.contract, "band": wanted.band or ""}
        return render_template(
            "customers.html",
            page=search(self._engine, wanted),
            wanted=wanted,
            kept={name: value for name, value in kept.items() if value}
            | ({"sort": "name"} if wanted.by_name else {}),
            contracts=CONTRACTS,
            bands=list(Band),
        )

    def customer(self, customer_id: str) -> str:
        """One customer, with a prediction that was made for this very page."""
        customer = find(self._engine, customer_id)
        if customer is None:
            abort(404)
        risk = ask_risk(self._sidecar, customer, g.trace, self._deadline_seconds)
        return render_template("customer.html", customer=customer, risk=risk)

    def campaign(self) -> str:
        """Whom to call, from a threshold on."""
        threshold = threshold_from(request.args)
        return render_template(
            "campaign.html",
            threshold=threshold,
            lowest=LOWEST_THRESHOLD,
            highest=HIGHEST_THRESHOLD,
            stakes=stakes(self._engine, threshold / 100),
            customers=riskiest(self._engine, threshold / 100, _CALL_LIST),
        )

    def status(self) -> str:
        """How the units are doing."""
        return render_template("status.html", status=status(self._engine, self._sidecar))
