"""The outside of a host: a thread for each connection to its socket."""

from __future__ import annotations

import os
import socket
import threading

import msgspec
import structlog

from minerva.layers.abstraction.runtimes import wire
from minerva.layers.abstraction.runtimes.host import Host

log = structlog.get_logger()

BACKLOG = 512
BREATH_S = 0.1
"""Between attempts to accept while there is no file or thread left."""


def answer_all(host: Host, listening: socket.socket, stopping: threading.Event) -> None:
    """Answer everyone who connects until `stopping` is set and the socket closed."""
    while not stopping.is_set():
        try:
            connection, _ = listening.accept()
        except OSError as error:  # most likely the plugin holds every file it may
            if not stopping.is_set():
                log.warning("host.not_accepting", reason=os.strerror(error.errno or 0))
            stopping.wait(BREATH_S)
            continue
        try:
            threading.Thread(target=_answer, args=(host, connection), daemon=True).start()
        except (RuntimeError, MemoryError):  # no more threads
            connection.close()
            stopping.wait(BREATH_S)


def _answer(host: Host, connection: socket.socket) -> None:
    """Answer one connection's questions. Nonsense ends the connection and harms no one else."""
    structlog.contextvars.bind_contextvars(layer="abstraction")
    sending = threading.Lock()  # a plugin may report progress from any thread

    def send(answer: wire.Answer) -> None:
        framed = wire.frame(answer)
        with sending:
            connection.sendall(framed)

    with connection:
        try:
            conversation, frames = host.conversation(send), wire.Frames(connection)
            while (body := frames.next()) is not None:
                conversation.hear(wire.requests.decode(body))
        except (wire.Garbled, msgspec.DecodeError) as error:
            log.warning("host.garbled", reason=str(error))
        except (OSError, MemoryError) as error:
            log.info("host.connection_lost", reason=type(error).__name__)
