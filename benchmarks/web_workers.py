"""A connection to each web worker of a sidecar, so that a benchmark can ask every one of them.

A connection that is kept alive belongs to the worker that took it; the kernel knows which (Linux).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sidecar import Sidecar, wait, web_workers

from minerva.client import ONE_TRY, Client

MOST_CONNECTIONS = 400
ESTABLISHED = "01"


@contextmanager
def client_of_each(sidecar: Sidecar) -> Iterator[dict[int, Client]]:
    """Connect until every web worker has answered a connection; give its process id → client."""
    workers: list[int] = []

    def started() -> bool:
        workers[:] = web_workers(sidecar)
        return len(workers) == sidecar.web_workers

    wait(started, "the start of the web workers")
    found: dict[int, Client] = {}
    with ExitStack() as opened:
        for _ in range(MOST_CONNECTIONS):
            known = _taken(sidecar.port, workers)
            client = opened.enter_context(Client(sidecar.url, sidecar.key, policy=ONE_TRY))
            client.services()
            now = _taken(sidecar.port, workers)
            for connection in now.keys() - known.keys():
                found.setdefault(now[connection], client)
            if len(found) == len(workers):
                yield found
                return
    raise RuntimeError(f"{MOST_CONNECTIONS} connections did not reach all {len(workers)} workers")


def _taken(port: int, workers: Sequence[int]) -> dict[str, int]:
    """Return the connections to a port that a worker holds: the socket's inode → process id."""
    inodes = set(_inodes(port))
    found = {}
    for pid in workers:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                inode = descriptor.readlink().name.removeprefix("socket:[").removesuffix("]")
                if inode in inodes:
                    found[inode] = pid
    return found


def _inodes(port: int) -> Iterator[str]:
    """Give the server's side of every open connection, https://docs.kernel.org/networking/proc_net_tcp.html."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        cells = line.split()
        if int(cells[1].rpartition(":")[2], 16) == port and cells[3] == ESTABLISHED:
            yield cells[9]
