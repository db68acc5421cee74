"""Reading bodies that are larger than memory, piece by piece, from callers who may be slow or go away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from flask import Request, Response, after_this_request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from minerva.errors import MinervaError, TooLarge, Unavailable
from minerva.layers.core.http.body import broken_off

PIECE = 256 * 1024
"""Bytes that are looked at together."""
LINGER_BYTES = 4 * 1024 * 1024
"""So much is still taken from a caller that was refused, who else might not hear why."""
LINGER_S = 2.0


class Gates:
    """How many large bodies are read or answered here at once: each holds a thread others need."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Hold one place. Raises Unavailable if all are taken."""
        if not self._free.acquire(blocking=False):
            raise Unavailable(
                "Too many large bodies come or are answered at once: try again.", retry_after_s=2
            )
        try:
            yield
        finally:
            self._free.release()


class Incoming:
    """The body of one request, in pieces.

    Made before anything else can be refused: where nobody reads to the end, the answer is sent, a little
    more is taken, and the connection is closed.
    """

    def __init__(self, request: Request, max_bytes: int) -> None:
        request.max_content_length = max_bytes + 1  # a chunked body is cut there without a word
        self._request = request
        self._max_bytes = max_bytes
        self._ended = False
        _hang_up(request, unless=lambda: self._ended)
        self.size: int | None = request.content_length
        if self.size is not None and self.size > max_bytes:
            raise self._too_large()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body. Raises InvalidBody if the caller goes away, TooLarge."""
        seen = 0
        while piece := self._piece():
            seen += len(piece)
            if seen > self._max_bytes:
                raise self._too_large()
            yield piece
        self._ended = True

    def _piece(self) -> bytes:
        gathered = bytearray()
        try:
            while len(gathered) < PIECE:
                read = self._request.stream.read(PIECE - len(gathered))
                if not read:
                    break
                gathered += read
        except RequestEntityTooLarge:
            raise self._too_large() from None
        except (ClientDisconnected, OSError) as error:
            if gathered:  # what came before stays; the next read fails again
                return bytes(gathered)
            raise broken_off(error) from None
        return bytes(gathered)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"Data has at most {self._max_bytes} bytes (setting max_upload_bytes).")


def _hang_up(request: Request, unless: Callable[[], bool]) -> None:
    """Close the connection after the answer: what else the caller sends is no further request.

    A little of it is read first, for a connection that is closed with bytes unread is reset, and the
    answer may be lost with it.
    """

    @after_this_request
    def close(response: Response) -> Response:
        if not unless():
            response.headers["Connection"] = "close"
            # the request itself: Flask's name for it means nothing once the answer is sent
            own = getattr(request, "_get_current_object", lambda: request)()
            response.call_on_close(lambda: _linger(own))
        return response


def _linger(request: Request) -> None:
    """Read a little for a little while, where the server gives its socket; then nobody reads any more.

    The clock ends it, for a caller may send a byte at a time.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is None:
        return
    clock = threading.Timer(LINGER_S, _shut, [connection])
    clock.start()
    left = LINGER_BYTES
    try:
        while left > 0 and (read := request.stream.read(PIECE)):
            left -= len(read)
    except (ClientDisconnected, RequestEntityTooLarge, OSError, MinervaError):
        return  # also what is badly compressed: it was refused already
    finally:
        clock.cancel()
        _shut(connection)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
