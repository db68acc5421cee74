"""The one place that turns errors into answers: RFC 9457 `application/problem+json`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchRoute

from minerva import errors
from minerva.errors import MinervaError, Unavailable
from minerva.layers.core.http.codings import UnsupportedContentCoding
from minerva.layers.core.http.json_answers import answer
from minerva.layers.core.protocols.mlflow.errors import error_code

log = structlog.get_logger(layer="core")

PROBLEM = "application/problem+json"
URN = "urn:minerva:error:"
STATUS: dict[type[MinervaError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidBody: HTTPStatus.BAD_REQUEST,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.NotPermitted: HTTPStatus.FORBIDDEN,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
    errors.AlgorithmFailed: HTTPStatus.BAD_GATEWAY,
    errors.StepFailed: HTTPStatus.BAD_GATEWAY,
    errors.InvalidConfiguration: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidData: HTTPStatus.UNPROCESSABLE_ENTITY,
}
WITHHELD: dict[type[MinervaError], str] = {
    errors.AlgorithmFailed: "The service's model failed.",
    errors.InvalidConfiguration: "The service is not configured rightly.",
}
"""Errors whose text may hold what a plugin or a configuration says: told to the log only."""
TITLES = {
    "invalid_input": "Input does not fit",
    "invalid_body": "Body cannot be read",
    "too_large": "Too large",
    "not_found": "Not found",
    "conflict": "Conflict with the present state",
    "not_authenticated": "Credential needed",
    "not_permitted": "Scope missing",
    "unavailable": "Not available now",
    "deadline_exceeded": "Deadline exceeded",
    "algorithm_failed": "Algorithm failed",
    "step_failed": "A step of the flow failed",
    "invalid_configuration": "Invalid configuration",
    "invalid_data": "Data cannot be used",
    "unsupported_media_type": "Content type not accepted",
    "method_not_allowed": "Method not allowed",
    "request_timeout": "Too slow",
    "not_acceptable": "No answer in an accepted content type",
    "insufficient_storage": "No room for this model now",
    "internal": "Internal error",
}
_SCORING = "/invocations"
"""Where clients expect MLflow's `error_code` and `message`."""
_CODES = {
    HTTPStatus.BAD_REQUEST: "invalid_body",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout",
    HTTPStatus.NOT_ACCEPTABLE: "not_acceptable",
    HTTPStatus.INSUFFICIENT_STORAGE: "insufficient_storage",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}


def answer_with_problems(app: Flask) -> None:
    """Make every error of `app` a problem."""
    app.register_error_handler(MinervaError, _of_ours)
    app.register_error_handler(HTTPException, _of_the_framework)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: MinervaError) -> HTTPStatus:
    """Return the status of an error's class or of the nearest class above it."""
    known = (STATUS[ancestor] for ancestor in type(error).__mro__ if ancestor in STATUS)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


def problem(
    status: int, code: str, detail: str | None = None, faults: tuple[errors.Fault, ...] = ()
) -> Response:
    """Return one problem as a response."""
    content: dict[str, Any] = {
        "type": URN + code,
        "title": TITLES.get(code, code.replace("_", " ").capitalize()),
        "status": int(status),
        "code": code,
        "request_id": g.get("request_id"),
    }
    if detail is not None:
        content["detail"] = detail
    if faults:
        content["faults"] = [{"where": f.where, "message": f.message} for f in faults]
    if _speaks_oip(request.path):
        content["error"] = _in_words(content, faults)
        return answer(content, int(status))
    if request.path == _SCORING:
        content["error_code"] = error_code(int(status))
        content["message"] = _in_words(content, faults)
    return answer(content, int(status), PROBLEM)


def problem_content(error: MinervaError) -> dict[str, Any]:
    """Return what a caller gets to know of an error, as a part of an answer."""
    detail, faults = told(error)
    listed = [{"where": f.where, "message": f.message} for f in faults]
    return {"code": error.code, "detail": detail, "faults": listed}


def _in_words(content: dict[str, Any], faults: tuple[errors.Fault, ...]) -> str:
    return " ".join([content.get("detail") or content["title"], *map(str, faults)])


def _speaks_oip(path: str) -> bool:
    """Whether clients expect the Open Inference Protocol's `error`, in plain JSON."""
    return path == "/v2" or path.startswith("/v2/")


def told(error: MinervaError) -> tuple[str, tuple[errors.Fault, ...]]:
    """Return what a caller gets to know of an error, and tell the log what it must know."""
    status = status_of(error)
    withheld = next((text for kind, text in WITHHELD.items() if isinstance(error, kind)), None)
    if isinstance(error, errors.StepFailed):  # the engine's own words
        withheld = None
    if status == HTTPStatus.INTERNAL_SERVER_ERROR or withheld is not None:
        log.error("request.failed", code=error.code, exc_info=error)
        see = f"{withheld or 'Something went wrong here.'} The log says more about this request."
        return see, ()
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request.failed", code=error.code, reason=error.message)
    return error.message, error.faults


def _of_ours(error: MinervaError) -> Response:
    status = status_of(error)
    response = problem(status, error.code, *told(error))
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="minerva"'
    return response


def _of_the_framework(error: HTTPException) -> Response:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return Response(error.get_response().get_data(), error.code, dict(error.get_headers()))
    detail = error.description
    if isinstance(error, NoSuchRoute):
        detail = f"There is nothing at {request.method} {request.path}: /docs lists what there is."
    elif isinstance(error, MethodNotAllowed):
        detail = f"{request.method} is not among {', '.join(sorted(error.valid_methods or ()))}."
    code = _CODES.get(HTTPStatus(error.code), error.name.lower().replace(" ", "_"))
    response = problem(error.code, code, detail)
    if isinstance(error, UnsupportedContentCoding):
        response.headers["Accept-Encoding"] = error.accepted
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def _unexpected(error: Exception) -> Response:
    """Say nothing about what happened to the caller, everything to the log."""
    log.error("request.failed", code="internal", exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal")
