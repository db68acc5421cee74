"""The ids that lead from a page to the sidecar's log: a request id and a W3C trace.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Trace:
    """One piece of work as both logs name it."""

    request_id: str
    trace_id: str

    @classmethod
    def new(cls) -> "Trace":
        """A trace that begins here."""
        return cls(request_id=f"legacy-{secrets.token_hex(8)}", trace_id=secrets.token_hex(16))

    @classmethod
    def named(cls, name: str) -> "Trace":
        """The trace of work that keeps its name over restarts: the same name, the same ids."""
        return cls(request_id=name, trace_id=hashlib.sha256(name.encode()).hexdigest()[:32])

    @classmethod
    def received(cls, request_id: str | None, traceparent: str | None) -> "Trace":
        """Carry on the ids that a caller sent; what is missing or malformed begins here."""
        fresh = cls.new()
        parent = _TRACEPARENT.fullmatch(traceparent or "")
        known = request_id is not None and _REQUEST_ID.fullmatch(request_id)
        return cls(
            request_id=request_id if known and request_id else fresh.request_id,
            trace_id=parent[1] if parent else fresh.trace_id,
        )

    def part(self, number: int) -> "Trace":
        """The `number`-th call of a longer piece of work: an id of its own in the same trace."""
        return Trace(f"{self.request_id}-{number:03d}", self.trace_id)

    def headers(self) -> dict[str, str]:
        """The headers that carry the ids to the sidecar; each call is a span of its own."""
        return {
            "X-Request-ID": self.request_id,
            "traceparent": f"00-{self.trace_id}-{secrets.token_hex(8)}-01",
        }

    @contextmanager
    def logged(self) -> Iterator[None]:
        """Put the ids on every event that is logged inside."""
        with structlog.contextvars.bound_contextvars(
            request_id=self.request_id, trace_id=self.trace_id
        ):
            yield
