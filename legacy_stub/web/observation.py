"""What surrounds every request: its ids, its line in the log, and the headers of its answer."""

import time

import structlog
from flask import Flask, Response, g, request

from legacy_stub.log import logger
from legacy_stub.tracing import Trace

log = logger("ui")

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def observe(app: Flask) -> None:
    """Have every request begin and end here."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    """Carry on the caller's ids; the thread may have served another request before."""
    g.begun = time.perf_counter()
    g.trace = Trace.received(
        request.headers.get("X-Request-ID"), request.headers.get("traceparent")
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.trace.request_id, trace_id=g.trace.trace_id)


def _end(response: Response) -> Response:
    """Log the route rather than the address, which may hold what somebody searched for."""
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
        log.info(
            "page.served",
            method=request.method,
            route=request.url_rule.rule if request.url_rule else None,
            status=response.status_code,
            milliseconds=round((time.perf_counter() - g.begun) * 1000, 1),
        )
    response.headers.update(_HEADERS)
    response.headers["X-Request-ID"] = g.trace.request_id
    return response
