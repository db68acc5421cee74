"""The web server, configured in code: threads, graceful drain, and our log instead of its own."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gunicorn.app.base
import gunicorn.glogging

from minerva.layers.core.processes.messages import settle
from minerva.layers.core.processes.ports import group_number
from minerva.layers.core.processes.worker import PatientWorker
from minerva.layers.core.telemetry.traffic import CELLS, shared
from minerva.settings import Loaded

MakeApp = Callable[[], Any]
"""Returns a WSGI application; called inside each worker, after the fork: no connection is shared."""

KEEPALIVE_S = 75
"""Legacy clients and proxies keep connections for a minute; theirs must end first, not ours."""
START_TIMEOUT_S = 120
"""A worker that does not report for so long is replaced; loading big models takes a while."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory for heartbeats, made by the system
SOCKET_UMASK = 0o177
"""A Unix socket is made for its owner alone; see `_open_to_group`."""


@dataclass(frozen=True, kw_only=True)
class WebOptions:
    """What the web server needs to know of the settings."""

    binds: list[str]
    """Addresses, `host:port` or `unix:path`; every worker listens on all of them."""
    workers: int
    threads: int
    graceful_timeout_s: float
    caller_timeout_s: float
    log_level: str = "info"
    socket_group: str = ""


def web_options(loaded: Loaded) -> WebOptions:
    """Return the options that the settings mean."""
    settings = loaded.settings
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return WebOptions(
        binds=[
            *([f"{host}:{settings.port}"] if settings.port else []),
            *([f"unix:{loaded.socket}"] if loaded.socket else []),
        ],
        workers=settings.web_workers,
        threads=settings.web_threads,
        graceful_timeout_s=settings.graceful_timeout_s,
        caller_timeout_s=settings.caller_timeout_s,
        socket_group=settings.socket_group,
        log_level=settings.log_level,
    )


def serve(make_app: MakeApp, options: WebOptions) -> None:
    """Run the web server until SIGTERM (finishes requests in flight) or SIGINT. Ends the process."""
    _Server(make_app, options).run()


class _Server(gunicorn.app.base.BaseApplication):
    def __init__(self, make_app: MakeApp, options: WebOptions) -> None:
        self._make_app = make_app
        self.options = options
        self.cells = shared(2 * options.workers + 1)
        """Where workers count; twice as many as there are may be there while all are replaced."""
        super().__init__()

    def load_config(self) -> None:
        for name, value in _configuration(self.options).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._make_app()


def _configuration(options: WebOptions) -> dict[str, Any]:
    return {
        "bind": options.binds,
        "workers": options.workers,
        "threads": options.threads,
        "worker_class": PatientWorker,
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
        "timeout": START_TIMEOUT_S,
        "graceful_timeout": math.ceil(options.graceful_timeout_s),
        "keepalive": KEEPALIVE_S,
        "preload_app": False,
        "umask": SOCKET_UMASK,
        "proc_name": "minerva",
        "default_proc_name": "minerva",
        "when_ready": _open_to_group,
        "pre_fork": _give_place,
        "post_fork": lambda _arbiter, worker: settle(worker.cfg),
        "forwarded_allow_ips": "",  # nobody's word about scheme, path or address is taken
        "forwarder_headers": "",  # nor that of callers at the Unix socket
        "secure_scheme_headers": {},
        "control_socket_disable": True,
        "accesslog": None,
        "logger_class": StructuredLogger,
        "loglevel": options.log_level,
    }


def _give_place(arbiter: Any, worker: Any) -> None:
    """Give a worker that is about to be forked the first place that no living one has; else the last."""
    taken = {one.place for one in arbiter.WORKERS.values()}
    last = len(arbiter.app.cells) // CELLS - 1
    worker.place = next((place for place in range(last) if place not in taken), last)


def _open_to_group(arbiter: Any) -> None:
    """Let a group of its own use the Unix socket, if the settings name one."""
    group = arbiter.app.options.socket_group
    for listener in arbiter.LISTENERS if group else ():
        path = listener.getsockname()
        if isinstance(path, str):
            os.chown(path, -1, group_number(group))
            Path(path).chmod(0o660)


class StructuredLogger(gunicorn.glogging.Logger):
    """Leaves what gunicorn logs to the handlers of this process."""

    def setup(self, cfg: Any) -> None:
        """Let records rise to the root logger; `telemetry.logging` has configured it."""
        self.cfg = cfg
        self._access_log_enabled = False
        self.loglevel = self.LOG_LEVELS.get(cfg.loglevel, 20)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(self.loglevel)

    def reopen_files(self) -> None:
        """Nothing to do: our log files follow rotation by themselves."""
