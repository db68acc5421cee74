"""JSON out: one encoder for every answer."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

_ENCODER = msgspec.json.Encoder(enc_hook=str)
JSON = "application/json"


def answer(content: Any, status: int = 200, mimetype: str = JSON) -> Response:
    """Return plain values (dataclasses and timestamps too) as a JSON response."""
    return Response(encoded(content), status=status, mimetype=mimetype)


def encoded(content: Any) -> bytes:
    """Return plain values (dataclasses and timestamps too) as a JSON text."""
    return _ENCODER.encode(content) + b"\n"
