"""Hosts that do not keep to the protocol, or die in the middle of it; no processes."""

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from hosts import SCHEMA

from minerva.layers.abstraction.runtimes import wire
from minerva.layers.abstraction.runtimes.hosted import hosted_model


@dataclass
class Late:
    """A line that is said when it is allowed."""

    line: bytes
    heard: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)


@dataclass
class Last:
    """A line after which the host dies."""

    line: bytes


@contextmanager
def a_liar(place: Path) -> Iterator[Callable[..., str]]:
    """Give a host that says what it is told to say, a list per connection, and returns its socket's path.

    None closes the connection without an answer.
    """
    path = str(place / "liar")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()

    def speak(connection, lines):
        with connection, suppress(OSError):
            for line in lines:
                if not connection.recv(65536) or line is None:
                    return
                if isinstance(line, Late):
                    line.heard.set()
                    line.go.wait(20)
                connection.sendall(line if isinstance(line, bytes) else line.line)
                if isinstance(line, Last):
                    return
            while connection.recv(65536):  # until the caller closes it
                continue

    def lie(*conversations):
        def accept():
            for lines in conversations:
                try:
                    connection, _ = listening.accept()
                except OSError:  # the test is over: not everybody came
                    return
                threading.Thread(target=speak, args=(connection, lines)).start()

        threading.Thread(target=accept, daemon=True).start()
        return path

    yield lie
    with suppress(OSError):  # whoever still waits for a caller is woken
        listening.shutdown(socket.SHUT_RDWR)
    listening.close()


@contextmanager
def deaf_sockets(place: Path) -> Iterator[Callable[[str], str]]:
    """Give sockets on which nobody reads: connections end with their requests unread."""
    opened = []

    def listening(name):
        one = socket.socket(socket.AF_UNIX)
        opened.append(one)
        one.bind(str(place / name))
        one.listen()

        def accept():
            with suppress(OSError):
                while True:
                    connection, _ = one.accept()
                    select.select([connection], [], [], 20)
                    connection.close()

        threading.Thread(target=accept, daemon=True).start()
        return str(place / name)

    yield listening
    for one in opened:
        one.shutdown(socket.SHUT_RDWR)
        one.close()


def a_model(path, **parts):
    """Return a model and the troubles that it told."""
    troubles = []
    members = {"algorithm": "a", "schema": SCHEMA, "explains": True, "on_trouble": troubles.append}
    return hosted_model(lambda: path, **(members | parts)), troubles


def framed(plain):
    """Return the frame of anything."""
    body = wire._encoder.encode(plain)
    return len(body).to_bytes(4, "little") + body


GOOD = framed([1, [["y", "<f8", [2], bytes(16)]]])
