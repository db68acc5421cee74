"""Bodies that are compressed on their way, both ways: gzip and zstd, below all routes.

A request's body is decoded while it is read, so the limits on bodies are limits on what it decodes to, and
a few bytes that would become gigabytes never do. RFC 9110 (8.4), RFC 7694, RFC 9659.
"""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import parse_accept_header
from werkzeug.wsgi import get_input_stream

from minerva.errors import InvalidBody

if TYPE_CHECKING or sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

NAMES = ("zstd", "gzip")
"""What is taken and given; the first is preferred where a caller does not care."""
SMALLEST = 2048
"""Bytes of an answer from which compressing gains more than it costs."""
MOST_WINDOW_LOG = 23
"""8 MiB: the most memory that a decoder must have (RFC 9659)."""
PIECE = 64 * 1024
OVERHEAD = 64 * 1024
"""Bytes by which an encoded body may be larger than twice what it decodes to."""
_LEVEL = 1
_GZIP = 16 + zlib.MAX_WBITS


class UnsupportedContentCoding(UnsupportedMediaType):
    """415 because of `Content-Encoding`; answered with `Accept-Encoding`, which tells it apart."""

    accepted = ", ".join(NAMES)


def code_bodies(app: Flask) -> None:
    """Decode requests and encode answers of `app`."""

    def before() -> None:
        coding = request.headers.get("Content-Encoding", "").strip().lower()
        if coding in {"", "identity"}:
            return
        coding = coding.removeprefix("x-") if coding == "x-gzip" else coding
        if coding not in NAMES:
            raise UnsupportedContentCoding(
                f"Send the body as it is, or with one Content-Encoding of {' and '.join(NAMES)}."
            )
        environ = request.environ
        raw = get_input_stream(environ)
        environ["wsgi.input"] = io.BufferedReader(Decoded(raw, coding), PIECE)
        environ["wsgi.input_terminated"] = True
        environ.pop("CONTENT_LENGTH", None)  # that of what was sent
        del environ["HTTP_CONTENT_ENCODING"]

    def after(response: Response) -> Response:
        if (
            response.is_streamed
            or response.direct_passthrough
            or "Content-Encoding" in response.headers
        ):
            return response
        accepted = request.environ.get("HTTP_ACCEPT_ENCODING")
        content, headers = encode(response.get_data(), accepted)
        if headers:
            response.headers.update(headers)
            response.set_data(content)
        return response

    app.before_request(before)
    app.after_request(after)


def encode(content: bytes, accepted: str | None) -> tuple[bytes, dict[str, str]]:
    """Return an answer's body as a caller takes it, and the headers that tell so."""
    if len(content) < SMALLEST:
        return content, {}
    headers = {"Vary": "Accept-Encoding"}
    wanted: Accept = parse_accept_header(accepted, Accept)
    coding = max(NAMES, key=wanted.quality)
    if not wanted.quality(coding):
        return content, headers
    if coding == "zstd":
        encoded = zstd.compress(content, _LEVEL)
    else:
        encoder = zlib.compressobj(_LEVEL, wbits=_GZIP)
        encoded = encoder.compress(content) + encoder.flush()
    if len(encoded) >= len(content):
        return content, headers
    return encoded, {**headers, "Content-Encoding": coding}


class Decoded(io.RawIOBase):
    """What an encoded body says, decoded while it is read, never more at once than is asked for."""

    def __init__(self, raw: Any, coding: str) -> None:
        self._raw = raw
        self._fresh = _DECODERS[coding]
        self._decoder = self._fresh()
        self._left = b""
        self._taken = self._given = 0

    def readable(self) -> bool:
        """Satisfy io."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill up to the whole buffer. Raises InvalidBody, and what reading the body raises."""
        while True:
            found = self._decode(len(buffer))
            if found:
                self._given += len(found)
                buffer[: len(found)] = found
                return len(found)
            if not self._left and not self._take():
                if self._decoder.eof:
                    return 0
                raise InvalidBody("The body ended before its Content-Encoding did.")
            if self._decoder.eof:  # another member or frame follows
                self._decoder = self._fresh()

    def _decode(self, most: int) -> bytes:
        decoder = self._decoder
        if decoder.eof:
            return b""
        try:
            found: bytes = decoder.decompress(self._left, most)
        except (zlib.error, zstd.ZstdError):
            raise InvalidBody("The body is not what its Content-Encoding says.") from None
        self._left = (
            decoder.unused_data if decoder.eof else getattr(decoder, "unconsumed_tail", b"")
        )
        return found

    def _take(self) -> bool:
        self._left = self._raw.read(PIECE)
        self._taken += len(self._left)
        if self._taken > OVERHEAD + PIECE + 2 * self._given:
            raise InvalidBody("The body decodes to next to nothing.")
        return bool(self._left)


def _zstd_decoder() -> Any:
    return zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: MOST_WINDOW_LOG}
    )


_DECODERS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(_GZIP),
    "zstd": _zstd_decoder,
}
