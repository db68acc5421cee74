"""What a sidecar answers: documents, and problems as the errors that they were there."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Any

from minerva import errors
from minerva.errors import Fault, MinervaError, Unavailable

Document = dict[str, Any]
"""A JSON object, as the OpenAPI document describes it."""


class Reason(StrEnum):
    """Why there is no answer: none in time, none was asked for, or none came whole."""

    DEADLINE = "deadline"
    BREAKER = "breaker"
    CONNECTION = "connection"


class Away(Unavailable):
    """No answer came from the sidecar."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Answer:
    """A status, a whole body, and for how many seconds the sidecar wants to be left alone."""

    status: int
    content: bytes
    retry_after_s: float = 0.0


def retry_after_s(told: str, now: datetime) -> float:
    """Read `Retry-After` (RFC 9110, 10.2.3), seconds or a date; what is neither asks for nothing."""
    told = told.strip()
    if told.isascii() and told.isdigit():
        return float(told)
    try:
        until = parsedate_to_datetime(told)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def problem(status: int, content: bytes, retry_after_s: float = 0.0) -> MinervaError:
    """Rebuild the error that a sidecar answered with, from its problem+json (RFC 9457)."""
    error = _rebuilt(status, content)
    if isinstance(error, Unavailable) and retry_after_s:
        error.retry_after_s = math.ceil(retry_after_s)
    return error


def _rebuilt(status: int, content: bytes) -> MinervaError:
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "code" not in told:
        return Unavailable(f"The server answered {status} without saying why: is it a sidecar?")
    kind = _kinds().get(str(told["code"]), _unknown(status))
    message = str(told.get("detail") or told.get("title") or f"The sidecar answered {status}.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and told.get("request_id"):
        message += f" Look there: minerva logs --request-id {told['request_id']}"
    return kind(message, faults=_faults(told))


def _kinds() -> dict[str, type[MinervaError]]:
    kinds: list[type[MinervaError]] = [*MinervaError.__subclasses__(), errors.StepFailed]
    return {kind.code: kind for kind in kinds}


def _unknown(status: int) -> type[MinervaError]:
    passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    return Unavailable if passing else errors.InvalidInput


def _faults(told: Document) -> list[Fault]:
    listed = told.get("faults")
    return [
        Fault(str(one.get("where", "")), str(one.get("message", "")))
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    ]


def read_object(content: bytes) -> Document:
    """Return a body that is a JSON object. Raises Unavailable for any other."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unavailable("The sidecar's answer could not be read: it is no JSON.") from error
    if not isinstance(told, dict):
        raise Unavailable("The sidecar's answer could not be read: it is no JSON object.")
    return told


def member(answer: Document, name: str) -> Document:
    """Return a member that is an object. Raises Unavailable for an answer without it."""
    found = answer.get(name)
    if not isinstance(found, dict):
        raise Unavailable(f"The sidecar's answer could not be read: it holds no {name}.")
    return found


def listed(answer: Document, name: str) -> list[Document]:
    """Return a member that is a list. Raises Unavailable for an answer without it."""
    found = answer.get(name)
    if not isinstance(found, list):
        raise Unavailable(f"The sidecar's answer could not be read: it holds no {name}.")
    return found


def server_sent(lines: HTTPResponse) -> Iterator[Document]:
    """Read `data:` fields of an event stream; each is one JSON object."""
    data: list[bytes] = []
    for raw in lines:
        line = raw.rstrip(b"\r\n")
        if line.startswith(b"data:"):
            data.append(line[5:].lstrip())
        elif not line and data:
            yield read_object(b"\n".join(data))
            data = []
