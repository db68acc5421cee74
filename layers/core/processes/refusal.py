"""What is answered to requests that never come to the application: the same problem documents, RFC 9457.

Nothing of a request is repeated: a line that is no header may hold a key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from random import getrandbits

import structlog
from gunicorn.http import errors

log = structlog.get_logger(layer="core")


@dataclass(frozen=True)
class Refusal:
    """A status, a code that programs rely on, and a sentence for people."""

    status: HTTPStatus
    code: str
    detail: str
    retry_after_s: int | None = None

    def told(self) -> bytes:
        """Log that a request was refused, and return the whole answer, after which the connection ends."""
        request_id = f"{getrandbits(128):032x}"
        log.info("request.refused", status=self.status.value, code=self.code, request_id=request_id)
        return self._written(request_id)

    def _written(self, request_id: str) -> bytes:
        content = {
            "type": f"urn:minerva:error:{self.code}",
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.code,
            "request_id": request_id,
            "detail": self.detail,
        }
        body = json.dumps(content).encode() + b"\n"
        head = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            "Content-Type: application/problem+json",
            f"Content-Length: {len(body)}",
            f"X-Request-ID: {request_id}",
            "Cache-Control: no-store",
            "Connection: close",
        ]
        if self.retry_after_s is not None:
            head.append(f"Retry-After: {self.retry_after_s}")
        return "\r\n".join(head).encode("ascii") + b"\r\n\r\n" + body


TOO_SLOW = Refusal(
    HTTPStatus.REQUEST_TIMEOUT,
    "request_timeout",
    "The request did not come in time (setting caller_timeout_s).",
)
TOO_LONG_A_HEAD = Refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "header_too_large",
    "The headers are too many or too long: 100 of 8190 bytes are taken.",
)
TOO_BUSY = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    "Too many large bodies come in at once: try again.",
    retry_after_s=2,
)
FAILED = Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "The log says more.")
MALFORMED = Refusal(
    HTTPStatus.BAD_REQUEST,
    "invalid_request",
    "This is no HTTP/1.1 request, or its headers contradict each other.",
)
_REFUSALS: dict[type[Exception], Refusal] = {
    errors.LimitRequestHeaders: TOO_LONG_A_HEAD,
    errors.LimitRequestLine: Refusal(
        HTTPStatus.REQUEST_URI_TOO_LONG,
        "uri_too_long",
        "The request's first line is longer than 4094 bytes.",
    ),
    errors.ExpectationFailed: Refusal(
        HTTPStatus.EXPECTATION_FAILED,
        "expectation_failed",
        "Of expectations, only 100-continue is met.",
    ),
    errors.UnsupportedTransferCoding: Refusal(
        HTTPStatus.NOT_IMPLEMENTED,
        "unsupported_transfer_coding",
        "Of transfer codings, only chunked is known; compress with Content-Encoding.",
    ),
}


def refusal_of(error: Exception) -> Refusal | None:
    """Return what to answer where the server's parser gave up; None: the request is not to blame."""
    if isinstance(error, (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)):
        return None
    known = next((found for kind, found in _REFUSALS.items() if isinstance(error, kind)), None)
    return known or (MALFORMED if isinstance(error, errors.ParseException) else None)
