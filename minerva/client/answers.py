"""What a sidecar answers: documents, and problems as the errors that they were there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Any

from minerva import errors
from minerva.errors import Fault, MinervaError, Unavailable

Document = dict[str, Any]
"""A JSON object, as the OpenAPI document describes it."""


def problem(status: int, content: bytes) -> MinervaError:
    """Rebuild the error that a sidecar answered with, from its problem+json (RFC 9457)."""
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
    return {kind.code: kind for kind in MinervaError.__subclasses__()}


def _unknown(status: int) -> type[MinervaError]:
    return Unavailable if status >= HTTPStatus.INTERNAL_SERVER_ERROR else errors.InvalidInput


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
