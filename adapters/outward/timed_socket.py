"""A connection that ends at a fixed moment and after so many bytes, however slowly they come."""

from __future__ import annotations

import io
import socket
import time
from typing import Self


class TimedSocket:
    """What `http.client` needs of a socket. Raises TimeoutError after the deadline."""

    def __init__(self, connection: socket.socket, deadline: float, most_bytes: int) -> None:
        """`deadline` is a time of `time.monotonic()`."""
        self._connection = connection
        self._deadline = deadline
        self._bytes_left = most_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def sendall(self, data: bytes) -> None:
        """Send all of it before the deadline."""
        self._connection.settimeout(self._left())
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what is received, as a file."""
        return io.BufferedReader(_Received(self))

    def receive_into(self, buffer: memoryview) -> int:
        """Receive some bytes; none when there are no more, or enough came."""
        wanted = min(len(buffer), self._bytes_left)
        if wanted == 0:
            return 0
        self._connection.settimeout(self._left())
        received = self._connection.recv_into(buffer[:wanted])
        self._bytes_left -= received
        return received

    def close(self) -> None:
        """Do nothing: `http.client` was lent this, and closes it while the answer is still read."""

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline passed")
        return left


class _Received(io.RawIOBase):
    """The receiving side, for buffered reading; closing it leaves the connection open."""

    def __init__(self, connection: TimedSocket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        return self._connection.receive_into(memoryview(buffer))  # type: ignore[arg-type]
