"""The frame around every request: ids, log context, headers of the answer, one event at the end."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request

from minerva.layers.core.http.trace import REQUEST_ID, Trace

log = structlog.get_logger(layer="core")

_PROBES = frozenset({"/livez", "/readyz"})
"""Asked every few seconds by machines; logged at level debug."""


def frame_requests(app: Flask, request_id_header: str) -> None:
    """Bind ids before, set headers and log after each request of `app`."""

    def begin() -> None:
        trace = Trace.received(request.headers.get, request_id_header)
        g.started_at = time.perf_counter()
        g.trace, g.request_id, g.facts = trace, trace.request_id, {}
        structlog.contextvars.clear_contextvars()  # threads are reused
        structlog.contextvars.bind_contextvars(request_id=trace.request_id, trace_id=trace.trace_id)
        service = (request.view_args or {}).get("service")
        if service is not None:
            structlog.contextvars.bind_contextvars(service=service)

    def finish(response: Response) -> Response:
        _set_headers(response, g.trace, request_id_header)
        _log(response)
        return response

    app.before_request(begin)
    app.after_request(finish)


def tell(**facts: object) -> None:
    """Add facts, such as the version that answered, to the event that ends this request."""
    g.facts.update(facts)


def _set_headers(response: Response, trace: Trace, request_id_header: str) -> None:
    headers = response.headers
    headers[REQUEST_ID] = trace.request_id
    headers[request_id_header] = trace.request_id
    headers["traceparent"] = trace.traceparent
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers.setdefault("Cache-Control", "no-store")


def _log(response: Response) -> None:
    emit = log.debug if request.path in _PROBES and response.status_code < 400 else log.info  # noqa: PLR2004 - the least status that tells of an error
    emit(
        "request.finished",
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "(none)",
        status=response.status_code,
        ms=round((time.perf_counter() - g.started_at) * 1000, 3),
        **g.facts,
    )
