"""Writing answers as XML: `<predictions …><prediction><churn>No</churn>…</prediction></predictions>`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.core.protocols.xml.reading import FREE

_NAME = re.compile(r"(?!xml)[A-Za-z_][A-Za-z0-9_.-]*", re.IGNORECASE | re.ASCII)
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot say, not even escaped."""


def write_answer(service: str, answer: Answer, request_id: str) -> bytes:
    """Return a whole answer in UTF-8."""
    about = {
        "service": service,
        "version": answer.version,
        "request_id": request_id,
        "degraded": answer.degraded,
    }
    versions: Sequence[str | None] = answer.versions or [None] * len(answer)
    rows = (
        _element("prediction", _members(row), {"version": version})
        for row, version in zip(answer.predictions, versions, strict=True)
    )
    document = _element("predictions", "".join(rows), about)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'.encode()


def _members(row: Mapping[str, Any]) -> str:
    return "".join(_member(name, value) for name, value in row.items())


def _member(name: str, value: Any) -> str:
    inside = "".join(_values(value)) if isinstance(value, Mapping) else _text(value)
    if _NAME.fullmatch(name) and name != FREE:
        return _element(name, inside)
    return _element(FREE, inside, {"name": name})


def _values(told: Mapping[str, Any]) -> Iterator[str]:
    """Give probabilities or contributions, whose names may be any text."""
    for name, value in told.items():
        yield _element("value", _text(value), {"name": name})


def _element(name: str, inside: str, attributes: Mapping[str, Any] | None = None) -> str:
    told = "".join(
        f" {attribute}={quoteattr(_plain(value))}"
        for attribute, value in (attributes or {}).items()
        if value is not None
    )
    return f"<{name}{told}>{inside}</{name}>" if inside else f"<{name}{told}/>"


def _text(value: Any) -> str:
    return escape(_plain(value), {"\r": "&#13;"})


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NO_CHARACTER.sub("\ufffd", str(value))
