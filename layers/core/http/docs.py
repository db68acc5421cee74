"""The OpenAPI document and the offline page that shows it."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from minerva.errors import NotAuthenticated
from minerva.layers.core.http.access import public, trusted_principal
from minerva.layers.core.http.house import House
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.openapi import document

STATIC = Path(__file__).parent / "static"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"  # fmt: skip  # noqa: E501 - one header


def docs(house: House) -> Blueprint:
    """Return `/openapi.json`, `/docs` and the files of that page."""
    routes = Blueprint("docs", __name__)

    @routes.get("/openapi.json")
    @public
    def openapi() -> Response:
        """Answer the document of the caller's services; needs a key beyond this machine."""
        caller = trusted_principal(house)
        if caller is None:
            raise NotAuthenticated("This needs a credential: send a key as X-API-Key.")
        declared = [(live.declaration, live.schema) for live in house.live.all(caller.tenant)]
        return answer(
            document(declared, max_records=house.max_records, keys_needed=house.auth_required)
        )

    @routes.get("/docs")
    @public
    def page() -> Response:
        return _file("docs.html")

    @routes.get("/docs/<path:name>")
    @public
    def file(name: str) -> Response:
        return _file(name)

    return routes


def _file(name: str) -> Response:
    response = send_from_directory(STATIC, name)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response
