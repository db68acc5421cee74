"""Running: the web server, the units beside it, and how everything stops when it is told to."""

import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from legacy_stub.draining import Draining
from legacy_stub.errors import PortTakenError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_GLANCE = 0.1  # seconds between two looks at whether all work has ended by itself
_PATIENCE = 3.0  # seconds that a thread gets to end after it was told to


@dataclass(frozen=True, slots=True)
class Worker:
    """Something to do in a thread of its own until `stop` is set."""

    name: str
    run: Callable[[threading.Event], None]


class StopSignals:
    """SIGTERM and SIGINT, collected while this is entered, to be looked at when it suits us.

    A handler that did more than leave a note might interrupt the very code that it needs.
    """

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        self._before = {number: signal.signal(number, self._note) for number in _STOPPING}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def arrived(self, within: float) -> bool:
        """Whether one has arrived, or does so `within` seconds."""
        return bool(select.select([self._read], [], [], within)[0])

    def _note(self, *_: object) -> None:
        os.write(self._write, b"!")


def run_until_told(workers: Sequence[Worker], stop: threading.Event, signals: StopSignals) -> None:
    """Run all workers until a signal arrives, or until each has ended by itself."""
    threads = [
        threading.Thread(target=worker.run, args=(stop,), name=worker.name, daemon=True)
        for worker in workers
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if signals.arrived(_GLANCE):
            break
    stop.set()
    for thread in threads:
        thread.join(_PATIENCE)


def listen(host: str, port: int) -> socket.socket:
    """Open the address to the public; raises PortTakenError when somebody else has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise PortTakenError(
            f"Cannot listen on {host} port {port} ({error.strerror or error})."
            " Set LEGACY_PORT to a free port (or LEGACY_HOST to another address)."
        ) from error


def web_server(app: "WSGIApplication", listener: socket.socket) -> BaseWSGIServer:
    """A threaded server on an open socket; it keeps connections and writes no access log."""
    host, port = listener.getsockname()[:2]
    return make_server(
        host, port, app, threaded=True, request_handler=_Handler, fd=listener.fileno()
    )


def web_worker(app: "WSGIApplication", listener: socket.socket) -> Worker:
    """Serve until told to stop, then let answers that are under way end, if they do so soon."""
    draining = Draining(app)
    server = web_server(draining, listener)

    def run(stop: threading.Event) -> None:
        serving = threading.Thread(target=server.serve_forever, args=(_GLANCE,), daemon=True)
        serving.start()
        stop.wait()
        server.shutdown()
        serving.join()
        draining.drained(_PATIENCE / 2)
        server.server_close()

    return Worker("web", run)


class _Handler(WSGIRequestHandler):
    """Speaks HTTP/1.1, does not say what it is made of, and logs nothing: the application does."""

    protocol_version = "HTTP/1.1"
    timeout = 75  # seconds that a silent connection is kept

    def version_string(self) -> str:
        """What the header `Server` says."""
        return "legacy"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Write nothing: an access log would hold what people searched for."""
