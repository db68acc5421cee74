"""One request asked again and again over several connections, from a lean process of its own.

Run by the benchmarks: python benchmarks/load.py < specification.json
With `per_second` each connection asks at fixed times, whether or not the answer before came late, and
time counts from when a question was due; without, it asks again as soon as it is answered. It ends after
`seconds`, or with its standard input; then it prints {"seconds": [...], "failed": n, "over": s} as JSON.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PATIENCE_S = 30.0
BUFFER = 1 << 20
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"
LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Felt:
    """What the callers of a load felt."""

    milliseconds: list[float]
    """Of each question until its answer, sorted."""
    failed: int
    """Errors and degraded answers."""
    over_s: float
    """How long the load went on."""

    def quantile(self, part: float) -> float:
        """Return what so many of the questions took at most, in ms."""
        return self.milliseconds[int(len(self.milliseconds) * part)]

    @property
    def per_second(self) -> float:
        """Return how many were answered a second."""
        return len(self.milliseconds) / self.over_s

    def __add__(self, other: Felt) -> Felt:
        """Return what the callers of both felt."""
        both = sorted([*self.milliseconds, *other.milliseconds])
        return Felt(both, self.failed + other.failed, max(self.over_s, other.over_s))


@dataclass(frozen=True)
class Request:
    """A question as its protocol has it."""

    path: str
    body: bytes
    headers: Mapping[str, str]

    def encoded(self, port: int) -> bytes:
        """Return the bytes that go over the wire."""
        lines = [f"POST {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


def started(
    port: int,
    request: Request,
    connections: int,
    *,
    per_second: float | None = None,
    seconds: float | None = None,
) -> subprocess.Popen[str]:
    """Begin a load; `ended` waits for what it found."""
    load = subprocess.Popen(
        [sys.executable, "-S", "-E", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if load.stdin is None:
        raise RuntimeError("the load was started without standard input")
    asked = {
        "port": port,
        "request": request.encoded(port).decode("latin-1"),
        "connections": connections,
        "per_second": per_second,
        "seconds": seconds,
    }
    load.stdin.write(json.dumps(asked) + "\n")
    load.stdin.flush()
    return load


def ended(load: subprocess.Popen[str]) -> Felt:
    """Return what the callers felt, at once or after the seconds that were set."""
    told, _ = load.communicate()
    found = json.loads(told)
    milliseconds = sorted(1000 * one for one in found["seconds"])
    return Felt(milliseconds, found["failed"], found["over"])


class Connection:
    """One connection with at most one question under way."""

    def __init__(self, port: int, request: bytes) -> None:
        self.port = port
        self.request = request
        self.asked: float | None = None
        self.answer = b""
        self.due = time.monotonic()
        self.socket = self._connected()

    def _connected(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        return opened

    def ask(self, since: float) -> None:
        """Send the question; its time counts from `since`."""
        self.asked = since
        self.answer = b""
        self.socket.sendall(self.request)

    def complete(self) -> bool:
        """Receive; return whether the answer is there. Raises OSError if there will be none."""
        received = self.socket.recv(BUFFER)
        if not received:
            raise ConnectionResetError("closed by the server")
        self.answer = self.answer + received if self.answer else received
        head_end = self.answer.find(HEAD_END)
        if head_end < 0:
            return False
        head = self.answer[: head_end + 2].lower()
        found = head.find(LENGTH)
        if found < 0:
            return self.answer.endswith(LAST_CHUNK)
        length = int(head[found + len(LENGTH) : head.index(b"\r\n", found + 2)])
        return len(self.answer) >= head_end + len(HEAD_END) + length

    def reconnect(self) -> None:
        """Begin anew after a failure."""
        self.socket.close()
        self.asked = None
        self.socket = self._connected()


class Load:
    """All connections, asked and answered by one thread."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        request = asked["request"].encode("latin-1")
        self.connections = [Connection(asked["port"], request) for _ in range(asked["connections"])]
        pace = asked["per_second"]
        self.every_s = asked["connections"] / pace if pace else None
        self.seconds: list[float] = []
        self.failed = 0
        self.ready = select.epoll()
        self.by_descriptor: dict[int, Connection] = {}
        for connection in self.connections:
            self._watch(connection)
        if not asked["seconds"]:
            self.ready.register(sys.stdin.fileno(), select.EPOLLIN)

    def run(self, until: float) -> None:
        """Ask until then, or until standard input ends if it is watched; wait for the answers."""
        over = False
        while not over:
            wait_s = self._ask_who_is_due(until)
            over = self._receive(wait_s) or time.monotonic() >= until
        last = time.monotonic() + PATIENCE_S
        while any(one.asked is not None for one in self.connections):
            self._receive(1.0)
            if time.monotonic() > last:
                self.failed += sum(one.asked is not None for one in self.connections)
                return

    def _ask_who_is_due(self, until: float) -> float:
        """Return for how long nobody else will be."""
        now = time.monotonic()
        soonest = until
        for connection in self.connections:
            if connection.asked is not None:
                continue
            if self.every_s is None:
                connection.ask(time.monotonic())
            elif connection.due <= now:
                connection.ask(connection.due)
                connection.due += self.every_s
            else:
                soonest = min(soonest, connection.due)
        return max(0.0, min(soonest - now, 1.0))

    def _receive(self, wait_s: float) -> bool:
        """Take what has arrived; return whether standard input ended."""
        over = False
        for descriptor, _ in self.ready.poll(wait_s):
            connection = self.by_descriptor.get(descriptor)
            if connection is None:
                over = True
                continue
            try:
                if connection.complete():
                    self._answered(connection)
            except OSError:
                self.failed += connection.asked is not None  # an idle one may be closed
                self._anew(connection)
        return over

    def _answered(self, connection: Connection) -> None:
        if connection.asked is None:
            raise RuntimeError("an answer to nothing")
        self.seconds.append(time.monotonic() - connection.asked)
        connection.asked = None
        answer = connection.answer
        if not answer.startswith(b"HTTP/1.1 200 ") or b'"degraded":true' in answer:
            self.failed += 1

    def _anew(self, connection: Connection) -> None:
        del self.by_descriptor[connection.socket.fileno()]
        connection.reconnect()
        self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        self.by_descriptor[connection.socket.fileno()] = connection
        self.ready.register(connection.socket.fileno(), select.EPOLLIN)


def main() -> None:
    """Read what to ask, ask it, tell."""
    asked = json.loads(sys.stdin.readline())
    load = Load(asked)
    began = time.monotonic()
    load.run(began + (asked["seconds"] or float("inf")))
    over_s = time.monotonic() - began
    print(json.dumps({"seconds": load.seconds, "failed": load.failed, "over": over_s}))


if __name__ == "__main__":
    main()
