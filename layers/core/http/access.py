"""Who may call what: every view is marked, and what is not marked does not start.

Marks instead of checks inside the views, so that one place decides and a test can list them all.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, TypeVar

import structlog
from flask import Flask, Request, g, request

from minerva.errors import NotAuthenticated, NotPermitted
from minerva.layers.core.http.house import House
from minerva.layers.core.security.principal import Principal, Scope, local_principal

View = TypeVar("View", bound=Callable[..., Any])
Known = dict[tuple[str | None, str | None], Principal]
"""Who was found to call at one moment, by the two headers that prove it."""
_MARK = "minerva_scopes"
_GUARDED = ("/v1/", "/v2/")


def needs(*scopes: Scope) -> Callable[[View], View]:
    """Mark a view: the caller needs one of `scopes`."""

    def mark(view: View) -> View:
        setattr(view, _MARK, scopes)
        return view

    return mark


def public(view: View) -> View:
    """Mark a view that anyone may call."""
    setattr(view, _MARK, ())
    return view


def guard(app: Flask, house: House) -> None:
    """Check every request of `app` before its view is called."""

    def check() -> None:
        view = app.view_functions.get(request.endpoint or "")
        if getattr(view, _MARK, None) or request.path.startswith(_GUARDED):
            g.principal = admit(request.environ, house, view)

    app.before_request(check)


def admit(
    environ: dict[str, Any], house: House, view: Any, known: Known | None = None
) -> Principal:
    """Return who calls a view, if they may. Raises NotAuthenticated or NotPermitted.

    `known` spares a moment's later requests the search.
    """
    caller = authenticate(environ, house, {} if known is None else known)
    structlog.contextvars.bind_contextvars(tenant=caller.tenant)
    scopes = getattr(view, _MARK, None)
    if scopes:
        caller.require(*scopes)
    return caller


def authenticate(environ: dict[str, Any], house: House, known: Known) -> Principal:
    """Return who calls, and add them to those who are known. Raises NotAuthenticated or NotPermitted."""
    if not house.auth_required:
        _refuse_other_sites(Request(environ))
        return local_principal()
    proof = environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_X_API_KEY")
    caller = known.get(proof)
    if caller is None:
        caller = known[proof] = house.keyring.authenticate(*proof)
    return caller


def trusted_principal(house: House) -> Principal | None:
    """Return who calls a public view that says more to those who may know, or None."""
    with_key = "Authorization" in request.headers or "X-API-Key" in request.headers
    if house.local_only and not with_key:
        return local_principal()
    try:
        return authenticate(request.environ, house, {})
    except (NotAuthenticated, NotPermitted):
        return local_principal() if house.local_only else None


def principal() -> Principal:
    """Return who calls the present, guarded view."""
    caller: Principal = g.principal
    return caller


def unmarked(app: Flask) -> list[str]:
    """Return the endpoints that nobody decided about; there must be none."""
    return [name for name, view in app.view_functions.items() if not hasattr(view, _MARK)]


def _refuse_other_sites(request: Request) -> None:
    """Without keys, a web page of any site could call us through its visitor's browser.

    Pages of other origins are known by `Origin`; a name that an attacker points at 127.0.0.1 is
    known by `Host`. Over a Unix socket (no remote address) browsers cannot come.
    """
    if not request.remote_addr:
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        raise NotPermitted("Pages of other sites may not call this sidecar while auth is none.")
    if not _loopback(request.host):
        raise NotPermitted("While auth is none, call this sidecar as localhost or 127.0.0.1.")


def _loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
