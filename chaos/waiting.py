"""Waiting for a condition, instead of for a time; and ports to wait at."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable

from minerva.errors import MinervaError

PORTS = range(30_000, 32_700)
"""Above those that tests draw from, below those that the kernel gives to outgoing connections."""


def wait(
    condition: Callable[[], object], what: object, within_s: float = 60.0, every_s: float = 0.05
) -> None:
    """Wait until the condition holds; a sidecar that is away is asked again.

    `what` is told if it never does; a function is asked for it then.
    """
    deadline = time.monotonic() + within_s
    while True:
        try:
            if condition():
                return
        except MinervaError:
            pass  # away or starting; the deadline bounds it
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:g} s: {what() if callable(what) else what}")
        time.sleep(every_s)


def free_port() -> int:
    """Return a port that nobody listens on, of those that nobody else takes until its server starts."""
    ports = random.SystemRandom().sample(PORTS, len(PORTS))
    return next(port for port in ports if is_free(port))


def is_free(port: int) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Tell whether somebody takes connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
