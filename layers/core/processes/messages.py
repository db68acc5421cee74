"""gunicorn's request and response, without what never changes here and is worked out at each request."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from gunicorn.http import message, wsgi
from gunicorn.util import http_date

LONGEST_KNOWN, MOST_KNOWN = 256, 512
"""Bytes of a request line, and lines, that are remembered."""
_LINES: dict[bytes, tuple[Any, ...]] = {}


class Request(message.Request):  # type: ignore[misc]  # gunicorn has no types
    """Takes nobody's word about other callers: `gunicorn._configuration` names no proxy to trust."""

    def _peer_is_trusted_proxy(self) -> bool:
        return False

    def parse_request_line(self, line_bytes: bytes) -> None:
        """See gunicorn. A short line without a query is taken apart once: callers ask the same again."""
        known = _LINES.get(line_bytes)
        if known is not None:
            self.method, self.uri, self.path, self.query, self.fragment, self.version = known
            return
        super().parse_request_line(line_bytes)
        if len(line_bytes) <= LONGEST_KNOWN and not self.query:
            if len(_LINES) >= MOST_KNOWN:
                _LINES.clear()
            parts = self.method, self.uri, self.path, self.query, self.fragment, self.version
            _LINES[line_bytes] = parts


class Response(wsgi.Response):  # type: ignore[misc]  # gunicorn has no types
    """Says what time it is without spelling the same second again and again."""

    def default_headers(self) -> list[str]:
        """Return the lines before those of the application; nothing is ever upgraded here."""
        major, minor = self.req.version
        lines = [
            f"HTTP/{major}.{minor} {self.status}\r\n",
            f"Server: {self.version}\r\n",
            f"Date: {_date(int(time.time()))}\r\n",
            f"Connection: {'close' if self.should_close() else 'keep-alive'}\r\n",
        ]
        if self.chunked:
            lines.append("Transfer-Encoding: chunked\r\n")
        return lines


def settle(cfg: Any) -> None:
    """Keep settings as plain attributes, in a worker, where they do not change any more.

    gunicorn searches for each setting anew, some thirty times a request.
    """
    vars(cfg).update({name: setting.get() for name, setting in cfg.settings.items()})


@lru_cache(maxsize=2)  # of this second
def _date(second: int) -> str:
    text: str = http_date(second)
    return text
