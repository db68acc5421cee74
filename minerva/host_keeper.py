"""Entry point of the keeper of models' processes: `python -m minerva.host_keeper <workspace> <linger_s>`.

Started on demand by `layers.abstraction.runtimes.keeping`. Another keeper that is just ending is
waited for; ends by itself when nobody has been connected for `linger_s`, and its hosts with it.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from pathlib import Path

import structlog

from minerva import settings
from minerva.layers.abstraction.runtimes.building import locked
from minerva.layers.abstraction.runtimes.keeper import Keeper
from minerva.layers.abstraction.runtimes.keeper_protocol import LOCK, SOCKET
from minerva.layers.abstraction.runtimes.keeper_server import KeeperServer
from minerva.layers.abstraction.runtimes.places import run_folder
from minerva.layers.core.telemetry.logging import configure

MIB = 1024 * 1024
PATIENCE_S = 15.0
"""How long a keeper that is ending may take for it."""


def main() -> int:
    """Keep models' processes until nobody needs them."""
    workspace, linger_s = Path(sys.argv[1]), float(sys.argv[2])
    loaded = settings.load(workspace, os.environ)
    configure(loaded.log_folder, "hosts", loaded.settings.log_level)
    log = structlog.get_logger(layer="abstraction")
    folder = run_folder(loaded.state)
    logs = (loaded.log_folder or folder) / "hosts"
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    with locked(folder / LOCK, PATIENCE_S):
        keeper = Keeper(folder, logs, loaded.settings.hosts_memory_mb * MIB)
        server = KeeperServer(folder / SOCKET, keeper)
        log.info("keeper.started", pid=os.getpid())
        server.serve(linger_s, stop)
        log.info("keeper.stopped", pid=os.getpid())
    gc.freeze()  # as in every process of ours that ends: see `minerva.cli`
    return 0


if __name__ == "__main__":
    sys.exit(main())
