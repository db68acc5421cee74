"""One connection to a sidecar, on which every wait is limited, however slowly bytes come."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse

from minerva.client.address import Address, Limit


@dataclass(frozen=True)
class Request:
    """What is asked: a path below the address, a body if any, headers."""

    method: str
    path: str
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Connection:
    """Connects when it is made; then asks one thing after the other. Raises OSError and HTTPException."""

    def __init__(self, address: Address, limit: Limit) -> None:
        self.limit = limit
        self._process = os.getpid()
        self._base = address.base
        self._socket = address.dial(limit)
        self._http = HTTPConnection(address.host, address.port)
        self._http.auto_open = 0
        self._http.default_port = 443 if address.secure else 80
        self._http.sock = self

    def ask(self, request: Request) -> HTTPResponse:
        """Send a request and return the head of its answer, whose body is read next."""
        self._http.sock = self
        path = self._base + request.path
        # who refuses a body need not read it all: what was said is looked for all the same
        with suppress(BrokenPipeError, ConnectionResetError):
            self._http.request(request.method, path, request.content, request.headers)
        return self._http.getresponse()

    def usable(self) -> bool:
        """Whether it is quiet and open: neither ended by the other side nor a parent process's."""
        if self._process != os.getpid():
            return False
        self._socket.settimeout(0)
        try:
            self._socket.recv(1)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError as error:
            return type(error).__name__ == "SSLWantReadError"
        return False

    def hang_up(self) -> None:
        """Close it for good."""
        self._http.close()
        self._socket.close()

    # What `http.client` needs of a socket:

    def sendall(self, data: bytes) -> None:
        """Send all of it within the limit."""
        self._socket.settimeout(self.limit())
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what is received, as a file."""
        return io.BufferedReader(_Received(self))

    def receive_into(self, buffer: memoryview) -> int:
        """Receive some bytes; none when there are no more."""
        self._socket.settimeout(self.limit())
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        """Do nothing: `http.client` closes what it was lent, while the answer is still read."""


class _Received(io.RawIOBase):
    """The receiving side, for buffered reading; closing it leaves the connection open."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        return self._connection.receive_into(memoryview(buffer))  # type: ignore[arg-type]
