"""The ids of a request: the legacy app's own id and the W3C trace context.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import (
    getrandbits,
)  # ids tell requests apart and protect nothing; a system call costs more

REQUEST_ID = "X-Request-ID"
Header = Callable[[str], str | None]
"""Gives a header's value by its name."""
_VISIBLE = re.compile(r"[!-~]{1,128}")
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """What ties the events of one request together, here and in the legacy app."""

    request_id: str
    trace_id: str
    span_id: str
    flags: str = "01"

    @classmethod
    def received(cls, header: Header, request_id_header: str = REQUEST_ID) -> Trace:
        """Carry on the ids that a caller sent; what is missing or malformed begins here."""
        given = header(request_id_header) or header(REQUEST_ID) or ""
        sent = header("traceparent")
        parent = _parent(sent) if sent else None
        return cls(
            request_id=given if given and _VISIBLE.fullmatch(given) else f"{getrandbits(128):032x}",
            trace_id=parent[1] if parent else f"{getrandbits(128):032x}",
            span_id=f"{getrandbits(64):016x}",
            flags=parent[2] if parent else "01",
        )

    @property
    def traceparent(self) -> str:
        """The header that tells the caller, or whom we call, of our span."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def _parent(header: str) -> re.Match[str] | None:
    match = _TRACEPARENT.fullmatch(header.strip())
    if match and header.strip().startswith("00") and match[3]:
        return None  # version 00 has four parts; later ones may have more
    return match
