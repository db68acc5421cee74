"""What somebody sees when there is no page: a plain one, or plain JSON, and no inner workings."""

from http import HTTPStatus

from flask import Flask, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from legacy_stub.log import logger, where

log = logger("ui")

_WORDING = {
    HTTPStatus.NOT_FOUND: ("Not found", "There is no such page or customer."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Out of order", "The database does not answer just now."),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("Something broke", "It is in the log under this id."),
}


def explain_failures(app: Flask) -> None:
    """Have every failure end here."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(SQLAlchemyError, _database_away)
    app.register_error_handler(Exception, _broken)


def _refused(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or (error.code or 0) < HTTPStatus.BAD_REQUEST:
        return error.get_response()  # a redirect, for instance
    return _answer(HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR), error.description)


def _database_away(error: Exception) -> ResponseReturnValue:
    log.error("database.unavailable", error=type(error).__name__)
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE)


def _broken(error: Exception) -> ResponseReturnValue:
    log.error("page.failed", error=type(error).__name__, where=where(error))
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer(status: HTTPStatus, description: str | None = None) -> ResponseReturnValue:
    title, text = _WORDING.get(status, (status.phrase, description or status.description))
    if request.path.startswith("/api/") or request.path.endswith(".json"):
        return jsonify(error=title, request_id=g.trace.request_id), status
    page = render_template(
        "failure.html", status=status.value, title=title, text=text, request_id=g.trace.request_id
    )
    return page, status
