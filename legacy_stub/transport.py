"""HTTP/1.1 with kept-alive connections, where a deadline holds for the whole of a call.

The time-outs of sockets begin anew with every packet, so an answer that trickles would never run
into one. Here every wait (name look-up, connecting, sending, each part of the answer) draws on one
deadline.
"""

import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from legacy_stub.deadline import Deadline

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_LOOK_UPS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="look-up")


@dataclass(frozen=True, slots=True)
class Request:
    """What to send; `path` begins with a slash."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    body: bytes


class Transport:
    """Calls one server. Finished connections are kept for whichever thread calls next."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or 80
        self._prefix = parts.path
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()

    def call(self, request: Request, deadline: Deadline) -> Answer:
        """Send a request and read its whole answer.

        A kept connection that the server closed meanwhile is replaced once, so a request may be
        sent twice; ours may be. Raises TimeoutError after the deadline, OSError when the server
        cannot be reached, http.client.HTTPException when its answer is cut short or is not HTTP.
        """
        kept = self._kept()
        if kept is not None:
            try:
                return self._exchange(kept, request, deadline)
            except (ConnectionResetError, BrokenPipeError):
                self.close()
        fresh = _Connection(self._host, self._port, deadline)
        return self._exchange(fresh, request, deadline)

    def close(self) -> None:
        """Close the connections that nobody is using."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _kept(self) -> "_Connection | None":
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _exchange(self, connection: "_Connection", request: Request, deadline: Deadline) -> Answer:
        """One request and its answer; a connection is kept only after a complete answer."""
        try:
            connection.patient_socket.deadline = deadline
            path = self._prefix + request.path
            connection.request(request.method, path, request.body, request.headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.read())
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        return answer


class _Connection(HTTPConnection):
    """An open connection whose waits end with the deadline of the call that is using it."""

    auto_open = 0

    def __init__(self, host: str, port: int, deadline: Deadline) -> None:
        super().__init__(host, port)
        self.patient_socket = _open(host, port, deadline)
        self.sock = self.patient_socket


class _PatientSocket(socket.socket):
    """A socket that waits in short turns for as long as its deadline allows."""

    deadline: Deadline

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        """Receive what is there, or wait for it."""
        return self._patiently(lambda: super(_PatientSocket, self).recv_into(buffer, nbytes, flags))

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Send everything, waiting while the other side does not take it."""
        left = memoryview(data)
        while left:
            part = left
            sent = self._patiently(lambda: super(_PatientSocket, self).send(part, flags))  # noqa: B023
            left = left[sent:]

    def _patiently(self, attempt: Callable[[], int]) -> int:
        while True:
            self.settimeout(self.deadline.glance())
            try:
                return attempt()
            except TimeoutError:
                continue  # the turn is over; glance() raises when the deadline is


def _open(host: str, port: int, deadline: Deadline) -> _PatientSocket:
    """Connect to the first address of `host` that answers."""
    failure: OSError = ConnectionError(f"{host} has no address")
    for family, address in _addresses(host, port, deadline):
        connection = _PatientSocket(family, socket.SOCK_STREAM)
        connection.deadline = deadline
        try:
            connection.settimeout(deadline.remaining())
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _addresses(
    host: str, port: int, deadline: Deadline
) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    """Look `host` up. The system's look-up knows no deadline, so another thread waits for it."""
    found = _LOOK_UPS.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        return [
            (family, address) for family, _, _, _, address in found.result(deadline.remaining())
        ]
    finally:
        found.cancel()
