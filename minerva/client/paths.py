"""Where things are in the REST API, and what of a call's wishes is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from minerva.client.answers import Document
from minerva.client.sending import format_of


def layout(file: Path, how: Mapping[str, Any] | None) -> tuple[str, Document]:
    """Return the format of a file, and what else is said about it."""
    rest = dict(how or {})
    return rest.pop("format", None) or format_of(file), rest


def wishes(callback_url: str | None, priority: int | None) -> Document:
    """Return how a job is to be treated, as far as anything is said."""
    told: Document = {"callback_url": callback_url, "priority": priority}
    return {name: value for name, value in told.items() if value is not None}


def job(job_id: str) -> str:
    """Return the path of a job."""
    return f"/v1/jobs/{quote(job_id, safe='')}"


def service(*parts: str) -> str:
    """Return the path of a service, or of something below it."""
    return "/".join(["/v1/services", *(quote(part, safe="") for part in parts)])


def given(reason: str) -> Document:
    """Return a body with a reason, if there is one."""
    return {"reason": reason} if reason else {}


def asking(path: str, how: Mapping[str, float | str | None]) -> str:
    """Return a path with those parameters that are said."""
    told = {name: value for name, value in how.items() if value is not None}
    return f"{path}?{urlencode(told)}" if told else path
