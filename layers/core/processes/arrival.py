"""How much of an HTTP/1.1 request has come, so that no thread waits for what a caller has not sent yet.

This decides nothing about a request: the server's own parser reads it again, and refuses what is wrong.
See RFC 9112.
"""

from __future__ import annotations

import enum
import re

MOST_HEAD = 128 * 1024
"""Bytes of a head that has no end."""
MOST_GATHERED = 256 * 1024
"""Bytes of a body that are kept while it comes; a larger one is read by its view, piece by piece."""
_END = b"\r\n\r\n"
_FRAMING = re.compile(
    rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)",
    re.IGNORECASE,
)
_MOST_DIGITS = 18
_MOST_CHUNK_LINE = 8190
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]+)[ \t]*(?:;[^\r\n]*)?")


class Stage(enum.Enum):
    """What to do with a request."""

    PARTIAL = "partial"
    """Wait for more."""
    WHOLE = "whole"
    """Nobody is waited for: the parser has all that it needs, or all that it needs to refuse it."""
    LARGE = "large"
    """Somebody must wait for the caller while the rest comes."""
    ENDLESS = "endless"
    """A head that is too long."""


class Arrival:
    """The bytes of one connection from where its next request begins."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self._looked = 0
        """In the head: where the search goes on. In chunks: where the next one begins."""
        self._end: int | None = None
        """Where the body ends, if its length was told."""
        self.body_at: int | None = None
        """Where it begins, if its length was told."""
        self._chunked = False

    def stage(self) -> Stage:
        """Look at what has come since the last time."""
        if self._chunked:
            return self._chunks()
        if self._end is None:
            return self._head()
        return Stage.WHOLE if len(self.data) >= self._end else Stage.PARTIAL

    def _head(self) -> Stage:
        end = self.data.find(_END, self._looked)
        if end < 0:
            return self._half_a_head()
        fields = [(m[1].lower(), m[2].lower()) for m in _FRAMING.finditer(self.data, 0, end + 2)]
        return self._body(end + len(_END), fields)

    def _half_a_head(self) -> Stage:
        if len(self.data) > MOST_HEAD:
            return Stage.ENDLESS
        if self.data.find(b"\n", self._looked) >= 0 and (
            self.data.count(b"\n") != self.data.count(b"\r\n")
        ):
            return Stage.WHOLE  # lines that end with a line feed alone are refused at once
        self._looked = max(0, len(self.data) - len(_END) + 1)
        return Stage.PARTIAL

    def _body(self, start: int, fields: list[tuple[bytes, bytes]]) -> Stage:
        """Tell from the fields that say how long it is, or that its caller waits for us first."""
        match fields:
            case []:
                return Stage.WHOLE
            case [(b"content-length", length)] if (
                length.isdigit() and len(length) <= _MOST_DIGITS and int(length) <= MOST_GATHERED
            ):
                self.body_at, self._end = start, start + int(length)
                return self.stage()
            case [(b"transfer-encoding", b"chunked")]:
                self._chunked, self._looked = True, start
                return self._chunks()
        return Stage.LARGE

    def _chunks(self) -> Stage:
        """Pass over the chunks that are there (RFC 9112, section 7.1)."""
        data = self.data
        while (line := data.find(b"\r\n", self._looked)) >= 0:
            size = _CHUNK_SIZE.fullmatch(data, self._looked, line)
            if size is None:
                return Stage.WHOLE  # no chunk: refused at once
            length = int(size[1], 16)
            if length == 0:
                return self._trailer(line)
            if length > MOST_GATHERED:
                return Stage.LARGE
            following = line + 2 + length
            if len(data) < following + 2:
                return self._more()
            if data[following : following + 2] != b"\r\n":
                return Stage.WHOLE
            self._looked = following + 2
        return Stage.WHOLE if len(data) - self._looked > _MOST_CHUNK_LINE else self._more()

    def _trailer(self, line: int) -> Stage:
        """What follows the last chunk ends with an empty line, and may be that line alone."""
        return Stage.WHOLE if self.data.find(_END, line) >= 0 else self._more()

    def _more(self) -> Stage:
        return Stage.LARGE if len(self.data) > MOST_GATHERED else Stage.PARTIAL
