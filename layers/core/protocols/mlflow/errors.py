"""MLflow's names of errors, which its clients look for.

https://github.com/mlflow/mlflow/blob/master/mlflow/protos/databricks.proto
"""

from __future__ import annotations

from http import HTTPStatus

_NAMES = {
    HTTPStatus.BAD_REQUEST: "BAD_REQUEST",
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.FORBIDDEN: "PERMISSION_DENIED",
    HTTPStatus.NOT_FOUND: "RESOURCE_DOES_NOT_EXIST",
    HTTPStatus.CONFLICT: "RESOURCE_CONFLICT",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "REQUEST_LIMIT_EXCEEDED",
    HTTPStatus.UNPROCESSABLE_ENTITY: "INVALID_PARAMETER_VALUE",
    HTTPStatus.SERVICE_UNAVAILABLE: "TEMPORARILY_UNAVAILABLE",
    HTTPStatus.GATEWAY_TIMEOUT: "TEMPORARILY_UNAVAILABLE",
}


def error_code(status: int) -> str:
    """Return what MLflow calls an error of this status."""
    if status in _NAMES:
        return _NAMES[HTTPStatus(status)]
    is_callers = status < HTTPStatus.INTERNAL_SERVER_ERROR
    return "BAD_REQUEST" if is_callers else "INTERNAL_ERROR"
