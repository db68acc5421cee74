"""The keeper's socket: answers clients' questions, and ends when no client has been there for a while."""

from __future__ import annotations

import os
import socket
import socketserver
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from minerva.errors import AlgorithmFailed, MinervaError, Unavailable
from minerva.layers.abstraction.runtimes import keeper_protocol as protocol
from minerva.layers.abstraction.runtimes.keeper import Keeper
from minerva.layers.abstraction.runtimes.peers import is_stranger

log = structlog.get_logger(layer="abstraction")

MAX_CONNECTIONS = 512
FIRST_CLIENT_S = 10.0
"""Whoever started the keeper is given this long to come."""
SLOWEST_CLIENT_S = 10.0
"""A client sends a whole line within this time, or is gone."""


class Clients:
    """Who is connected, and since when nobody is."""

    def __init__(self) -> None:
        self._present: dict[str, int] = {}
        self._lock = threading.Lock()
        self._alone_since = time.monotonic() + FIRST_CLIENT_S
        self.connections = 0

    def come(self, client: str) -> None:
        """Note a hello."""
        with self._lock:
            self._present[client] = self._present.get(client, 0) + 1

    def leave(self, client: str) -> bool:
        """Note the end of a connection that said hello; tell whether it was the client's last."""
        with self._lock:
            self._present[client] -= 1
            if self._present[client]:
                return False
            del self._present[client]
            self._alone_since = time.monotonic()
            return True

    def __contains__(self, client: str) -> bool:
        """Whether the client has said hello and is there."""
        return client in self._present

    def alone_s(self) -> float:
        """Return for how long nobody has been there; 0 or less while somebody is."""
        with self._lock:
            return 0.0 if self._present else time.monotonic() - self._alone_since


class KeeperServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One thread per connection; the keeper's own turns are in `serve`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, path: Path, keeper: Keeper) -> None:
        path.unlink(missing_ok=True)  # left by a keeper that was killed; its lock is ours
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Conversation)
        finally:
            os.umask(before)
        self._path = path
        self._inode = path.stat().st_ino
        self.keeper = keeper
        self.clients = Clients()
        self._seats = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def serve(self, linger_s: float, stop: threading.Event, turn_s: float = 0.25) -> None:
        """Answer until nobody has been there for `linger_s` or `stop` is set; then end all hosts."""
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()
        try:
            while not stop.wait(turn_s) and self.clients.alone_s() < linger_s and self._reachable():
                self.keeper.tend()
        finally:
            if self._reachable():
                self._path.unlink(missing_ok=True)  # whoever comes now starts the next keeper
            self.shutdown()
            self.server_close()
            self.keeper.close()

    def _reachable(self) -> bool:
        """Whether our socket is where clients look for it."""
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False

    def verify_request(self, request: socket.socket, client_address: object) -> bool:  # type: ignore[override]  # typeshed knows addresses of a network
        """Refuse our own hosts and what they start: they have nothing to ask here."""
        del client_address
        if not is_stranger(request):
            return True
        log.warning("keeper.refused", reason="a model's process has nothing to ask here")
        return False

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]  # typeshed knows addresses of a network
        """Give a connection a thread, if there is one to give."""
        if self._seats.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            log.warning("keeper.full", connections=MAX_CONNECTIONS)
            self.shutdown_request(request)

    def process_request_thread(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]  # as above
        """Talk, in the connection's thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._seats.release()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the base class gives them
        """Log what went wrong with one connection; the others go on."""
        log.error("keeper.failed", exc_info=True)  # noqa: LOG014 - called while the error is handled


class _Conversation(socketserver.StreamRequestHandler):
    """One connection: either a client's presence, or one question."""

    server: KeeperServer
    timeout = SLOWEST_CLIENT_S

    def handle(self) -> None:
        with suppress(OSError):  # the client is gone, or slower than a client may be
            read = self.rfile.readline(protocol.MAX_LINE)
            if not read:
                return
            try:
                question = protocol.questions.decode(read)
            except (msgspec.DecodeError, MinervaError):
                self._tell(
                    _problem(AlgorithmFailed("The keeper does not understand the question."))
                )
                return
            if isinstance(question, protocol.Hello):
                self._accompany(question.client)
            else:
                self._tell(self._answer(question))

    def _accompany(self, client: str) -> None:
        clients = self.server.clients
        clients.come(client)
        try:
            self._tell(protocol.Answer())
            self.connection.settimeout(None)
            while self.connection.recv(4096):
                continue
        finally:
            if clients.leave(client):
                self.server.keeper.forget(client)

    def _answer(self, question: protocol.Question) -> protocol.Answer:
        keeper = self.server.keeper
        try:
            match question:
                case protocol.Wanted():
                    if question.client not in self.server.clients:
                        return protocol.Answer(stranger=True)
                    return keeper.model(question)
                case protocol.Troubled():
                    keeper.trouble(question)
                case protocol.Dropped():
                    keeper.drop(question.client, question.key)
                case protocol.Listed():
                    return keeper.report()
        except MinervaError as error:
            return _problem(error)
        except Exception:
            log.exception("keeper.failed")
            return _problem(
                Unavailable("The keeper of models' processes failed; its log says why.")
            )
        return protocol.Answer()

    def _tell(self, answer: protocol.Answer) -> None:
        self.connection.sendall(protocol.line(answer))


def _problem(error: MinervaError) -> protocol.Answer:
    return protocol.Answer(error=protocol.Problem.of(error))
