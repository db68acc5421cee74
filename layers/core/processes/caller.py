"""The socket of one caller, who may be slow, silent or gone: nobody waits for them longer than said."""

from __future__ import annotations

import errno
import socket
import struct
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LEAST_RATE = 16 * 1024
"""Bytes a second; who sends a large body, or takes a large answer, more slowly than this is left."""
PIECE = 64 * 1024
"""Bytes that are read or written together."""


class CallerSocket(socket.socket):
    """A connection that stands still for at most `patience_s`, reading or writing.

    The kernel keeps the time: a timeout of Python's would ask `poll` before each read and write, and let
    go of the interpreter once more each time.
    """

    def __init__(self, accepted: socket.socket, patience_s: float) -> None:
        family, kind, protocol = accepted.family, accepted.type, accepted.proto
        super().__init__(family, kind, protocol, fileno=accepted.detach())
        self._patience_s = patience_s
        self._reading: _Pace | None = None
        self._held: bytearray | None = None
        """What shall be sent together, while that is gathered."""
        time_value = struct.pack("ll", int(patience_s), int(patience_s % 1 * 1e6))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.setsockopt(socket.SOL_SOCKET, option, time_value)

    def at_once(self) -> bytes | None:
        """Return what is there now, b"" at the end, None if nothing is. Needs a non-blocking socket."""
        try:
            return super().recv(PIECE)
        except BlockingIOError:
            return None

    def expect_much(self) -> None:
        """From now on, demand the least rate of what comes."""
        self._reading = _Pace(self._patience_s)

    def expect_little(self) -> None:
        """Demand no rate any more."""
        self._reading = None

    def hold(self) -> None:
        """From now on, keep what is sent; the socket stays non-blocking."""
        self._held = bytearray()

    def release(self) -> bytes:
        """Send what was kept as far as it is taken at once; return the rest."""
        held, self._held = self._held or b"", None
        taken = self._taken_at_once(held) if held else 0
        return bytes(held[taken:]) if taken < len(held) else b""

    def setblocking(self, flag: bool, /) -> None:  # noqa: FBT001 - the method of any socket
        """See `socket.setblocking`; while what is sent is kept, nobody waits for it."""
        if self._held is None:
            super().setblocking(flag)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Return what comes next. Raises TimeoutError."""
        try:
            data = super().recv(bufsize, flags)
        except BlockingIOError:
            raise _too_slow() from None
        if self._reading is not None:
            self._reading.keep(len(data))
        return data

    def sendall(self, data: ReadableBuffer, flags: int = 0, /) -> None:
        """Send everything. Raises TimeoutError."""
        if self._held is not None:
            self._held += data
            return
        rest = memoryview(data)
        pace = None if len(rest) <= PIECE else _Pace(self._patience_s)
        try:
            while pace is not None and len(rest) > PIECE:
                super().sendall(rest[:PIECE], flags)
                pace.keep(PIECE)
                rest = rest[PIECE:]
            super().sendall(rest, flags)
        except BlockingIOError:
            raise _too_slow() from None

    def _taken_at_once(self, data: ReadableBuffer) -> int:
        try:
            return super().send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0


class _Pace:
    """Whether bytes go by at the least rate, after a while in which nothing needs to."""

    def __init__(self, patience_s: float) -> None:
        self._until = time.monotonic() + patience_s

    def keep(self, count: int) -> None:
        """Note bytes that went by. Raises TimeoutError."""
        self._until += count / LEAST_RATE
        if time.monotonic() > self._until:
            raise _too_slow()


def _too_slow() -> TimeoutError:
    """Return an error that the server passes over as it does a connection that was reset."""
    return TimeoutError(errno.ECONNRESET, "the caller is too slow")
