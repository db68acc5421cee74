"""Which content type a caller wants the answer in."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Request
from werkzeug.exceptions import NotAcceptable


def wanted_type(request: Request, offered: Sequence[str]) -> str:
    """Return what `Accept` asks for, the first one offered unless told. Raises NotAcceptable (406)."""
    accepted = request.accept_mimetypes
    wanted = accepted.best_match(offered) if accepted else offered[0]
    if wanted is None:
        raise NotAcceptable(f"Answers come as {' or '.join(offered)}.")
    return wanted
