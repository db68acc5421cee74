"""One caller's connection: what has come of its next request, and how the server's parser gets it."""

from __future__ import annotations

import enum
import errno
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn

from minerva.layers.core.processes.arrival import Arrival, Stage
from minerva.layers.core.processes.caller import CallerSocket
from minerva.layers.core.processes.exchange import AheadOfTime, Exchange
from minerva.layers.core.processes.refusal import Refusal

LINGER_S = 2.0
"""So long, and for so many bytes, we listen to a caller after we said goodbye: RFC 9112, section 9.6."""
LINGER_BYTES = 64 * 1024


class Turn(enum.Enum):
    """Whose turn it is, beside gunicorn's True and False: whether the connection is kept."""

    CALLER = "caller"
    """The rest of the request must come first."""
    QUEUE = "queue"
    """A place must be free for a large body."""


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """Reads without waiting until a request can be answered without waiting."""

    sock: CallerSocket
    parser: Any

    def __init__(self, cfg: Any, sock: CallerSocket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.arrival = Arrival()
        self.has_place = False
        """Whether it may have a thread wait for the rest of a large body."""
        self.is_reading = False
        """Whether the rest of a large body is still to come."""
        self.gone = False
        self.status: int | None = None
        """What its last request was answered with."""
        self.took_s = 0.0
        self.exchange: Exchange | None = None
        """Its next request, where that was read before its turn."""
        self.lingered = 0

    def come(self) -> Stage:
        """Take what is there. Raises OSError if the connection is broken."""
        arrival = self.arrival
        stage = arrival.stage() if arrival.data else Stage.PARTIAL
        while stage is Stage.PARTIAL:
            piece = self.sock.at_once()
            if piece is None:
                break
            if not piece:
                self.gone = True
                return Stage.WHOLE  # the caller sends no more: nobody needs to wait
            arrival.data += piece
            stage = arrival.stage()
        return stage

    def is_whole(self) -> bool:
        """Take what is there; tell whether a request is. A broken connection is told of by its thread."""
        try:
            return self.come() is Stage.WHOLE and not self.gone
        except OSError:
            return False

    def deliver(self) -> None:
        """Give the parser what has come, and begin anew."""
        self.data_ready = True
        if not self.initialized:
            self.init()
            self.parser = AheadOfTime(self.parser)
        self.parser.unreader.unread(bytes(self.arrival.data))
        self.arrival = Arrival()

    def look_ahead(self) -> Exchange | None:
        """Read the request that was delivered before its turn, None if that fails."""
        request = self.parser.look()
        if request:
            with suppress(Exception):  # raised again in its turn
                self.exchange = Exchange(request, self, self.cfg)
        return self.exchange

    def send_rest(self, rest: bytes, result: Any) -> Any:
        """Send what is left of an answer; return the request's result, False if that fails."""
        self.sock.setblocking(True)
        try:
            self.sock.sendall(rest)
        except OSError:
            return False
        return result

    def again(self) -> bool:
        """Whether the next request, or a part of it, came with the last one."""
        buffered = self.parser.unreader.take_buffered()
        if buffered:
            self.arrival = Arrival(buffered)
        return bool(self.arrival.data)

    def refuse(self, refusal: Refusal) -> None:
        """Answer, if the caller takes it at once."""
        self.sock.setblocking(False)
        with suppress(OSError):
            self.sock.send(refusal.told())

    def part(self) -> bool:
        """Say that nothing more comes; False if there is nobody any more."""
        self.sock.setblocking(False)
        self.timeout = time.monotonic() + LINGER_S
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return self.linger()

    def linger(self) -> bool:
        """Drop what still comes; False when that is enough.

        A connection that is closed with bytes unread is reset, and the answer may be lost with it.
        """
        with suppress(OSError):
            while (piece := self.sock.at_once()) is not None:
                self.lingered += len(piece)
                if not piece or self.lingered > LINGER_BYTES:
                    return False
            return True
        return False


class Body:
    """A body's reader that tells when the last byte was read; what broke it off, breaks it off for good.

    A chunk that is malformed is told of as a line that broke: callers of `read` know no parser.
    """

    def __init__(self, reader: Any, at_end: Callable[[], None] | None) -> None:
        self._reader = reader
        self._at_end = at_end
        self._broken: OSError | None = None

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes. Raises OSError if they cannot be read."""
        if self._broken is not None:
            raise self._broken
        try:
            data: bytes = self._reader.read(size)
        except ParseException:
            self._broken = ConnectionResetError(errno.ECONNRESET, "the body is malformed")
            raise self._broken from None
        except OSError as error:
            self._broken = error
            raise
        if self._at_end is not None and (not data or getattr(self._reader, "length", None) == 0):
            self._at_end()
            self._at_end = None
        return data


def watch_body(request: Any, at_end: Callable[[], None] | None) -> None:
    """Put a `Body` around a request's reader, where it can fail or be waited for."""
    body = request.body
    if at_end is not None or isinstance(body.reader, ChunkedReader):
        body.reader = Body(body.reader, at_end)
