"""A version's model card, as JSON or as a page that needs nothing else; and where it came from."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.cards.card import card_of, standing_of
from minerva.layers.abstraction.cards.lineage import lineage
from minerva.layers.abstraction.cards.plots import bars, chances
from minerva.layers.core.http.access import needs, principal
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "card.css").read_text(encoding="utf-8")
MOST_BARS = 15
HTML, JSON = "text/html", "application/json"


def cards(house: House) -> Blueprint:
    """Return `/v1/services/{service}/card` and `/lineage`."""
    routes = Blueprint("cards", __name__, template_folder=str(TEMPLATES))

    @routes.get("/v1/services/<service>/card")
    @needs("predict", "train", "registry")
    def card(service: str) -> Response:
        """Answer the champion's card, or that of `?version=`."""
        standing = standing_of(house.registry, principal().tenant, service, _number())
        found = card_of(standing)
        if request.accept_mimetypes.best_match([JSON, HTML]) == HTML:
            return _page(found)
        return answer({"card": found})

    @routes.get("/v1/services/<service>/lineage")
    @needs("predict", "train", "registry")
    def show_lineage(service: str) -> Response:
        """Answer where the versions came from and where they went, or one of `?version=`."""
        tenant = principal().tenant
        answered = house.monitoring.performance.recent(tenant, service)
        graph = lineage(house.registry, tenant, service, _number(), answered)
        return answer({"lineage": graph})

    return routes


def _number() -> int | None:
    asked = request.args.get("version")
    if asked is None:
        return None
    if not (asked.isascii() and asked.isdigit() and 0 < int(asked[:10]) < 10**9):
        raise InvalidInput(
            "The version must be a whole number above 0.", faults=[Fault("?version", "is none")]
        )
    return int(asked)


def _page(card: dict[str, Any]) -> Response:
    style = Markup(STYLE)  # noqa: S704 - our own file
    page = render_template("card.html", card=card, plots=_plots(card), style=style)
    response = Response(page, mimetype=HTML)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return response


def _plots(card: dict[str, Any]) -> dict[str, Markup]:
    """Return name → SVG, which escapes what it writes."""
    appraisal = card["appraisal"] or {}
    metric = appraisal.get("metric", "")
    needed = [
        (one["field"], one["worse_by"], False)
        for one in appraisal.get("importance", ())
        if one["worse_by"] > 0
    ]
    groups = [
        (f"{one['field']}: {one['group']}", one["value"], one["worse"])
        for one in _tellings(appraisal)
    ]
    calibration = appraisal.get("calibration")
    drawn = {
        "importance": bars(f"How much worse {metric} is without a field", needed[:MOST_BARS]),
        "slices": bars(f"{metric} by group", groups[:MOST_BARS]),
        "calibration": ""
        if calibration is None
        else chances("Told chances and what came true", calibration["bins"]),
    }
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704 - escaped by plots


def _tellings(appraisal: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the groups, worst first."""
    sign = -1 if appraisal.get("smaller_is_better") else 1
    return sorted(appraisal.get("slices", ()), key=lambda one: sign * one["value"])
