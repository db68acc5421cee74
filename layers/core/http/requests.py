"""The frame around every request: ids, log context, headers of the answer, one event at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, request

from minerva.layers.core.http.trace import REQUEST_ID, Trace

log = structlog.get_logger(layer="core")

_PROBES = frozenset({"/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"})
"""Asked every few seconds by machines; logged at level debug."""


_TRACE, _STARTED = "minerva.trace", "minerva.started_at"
"""In a request's environment, once it has begun."""
_FRAME = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_OWN = ("Content-Security-Policy", "Cache-Control")
"""Headers that a view may set itself."""


def frame_requests(app: Flask, request_id_header: str) -> None:
    """Bind ids before, set headers and log after each request of `app`."""

    def before() -> None:
        g.trace = begin(
            request.environ, request_id_header, (request.view_args or {}).get("service")
        )
        g.started_at, g.request_id, g.facts = request.environ[_STARTED], g.trace.request_id, {}

    def after(response: Response) -> Response:
        for name, value in framing(request.environ, request_id_header).items():
            if name not in _OWN or name not in response.headers:
                response.headers[name] = value
        route = request.url_rule.rule if request.url_rule else "(none)"
        finished(request.method, route, response.status_code, g.started_at, g.facts)
        return response

    app.before_request(before)
    app.after_request(after)


def begin(environ: dict[str, Any], request_id_header: str, service: str | None) -> Trace:
    """Give a request its ids, here and in every event until it ends; one that has begun keeps them."""
    trace: Trace | None = environ.get(_TRACE)
    if trace is None:
        trace = Trace.received(_headers_of(environ), request_id_header)
        environ[_TRACE], environ[_STARTED] = trace, time.perf_counter()
    structlog.contextvars.clear_contextvars()  # threads are reused
    ids = {"request_id": trace.request_id, "trace_id": trace.trace_id}
    structlog.contextvars.bind_contextvars(**ids, **({"service": service} if service else {}))
    return trace


def framing(environ: dict[str, Any], request_id_header: str) -> dict[str, str]:
    """Return the headers that every answer has."""
    trace: Trace = environ[_TRACE]
    return {
        REQUEST_ID: trace.request_id,
        request_id_header: trace.request_id,
        "traceparent": trace.traceparent,
        **_FRAME,
    }


def finished(
    method: str, route: str, status: int, started_at: float, facts: Mapping[str, object]
) -> None:
    """Log the event that ends a request."""
    emit = log.debug if route in _PROBES and status < HTTPStatus.BAD_REQUEST else log.info
    ms = round((time.perf_counter() - started_at) * 1000, 3)
    emit("request.finished", method=method, route=route, status=status, ms=ms, **facts)


def _headers_of(environ: Mapping[str, Any]) -> Callable[[str], str | None]:
    return lambda name: environ.get(_variable(name))


@cache  # of the three names that are looked up
def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


def tell(**facts: object) -> None:
    """Add facts, such as the version that answered, to the event that ends this request."""
    g.facts.update(facts)
