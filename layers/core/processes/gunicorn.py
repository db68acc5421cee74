"""The web server, configured in code: threads, graceful drain, and our log instead of its own."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import gunicorn.app.base
import gunicorn.glogging
from gunicorn.workers.gthread import ThreadWorker

from minerva.settings import Settings

MakeApp = Callable[[], Any]
"""Returns a WSGI application; called inside each worker, after the fork: no connection is shared."""

KEEPALIVE_S = 75
"""Legacy clients and proxies keep connections for a minute; theirs must end first, not ours."""
START_TIMEOUT_S = 120
"""A worker that does not report for so long is replaced; loading big models takes a while."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory for heartbeats, made by the system
SWITCH_INTERVAL_S = 0.0005
"""How long a thread keeps Python to itself while others wait; a prediction is shorter (docs/adr/0014)."""
SOCKET_UMASK = 0o117
"""A Unix socket is for its owner and group."""


@dataclass(frozen=True, kw_only=True)
class WebOptions:
    """What the web server needs to know of the settings."""

    bind: str
    workers: int
    threads: int
    graceful_timeout_s: float
    log_level: str = "info"


def web_options(settings: Settings) -> WebOptions:
    """Return the options that the settings mean."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    bind = f"unix:{settings.socket}" if settings.socket else f"{host}:{settings.port}"
    return WebOptions(
        bind=bind,
        workers=settings.web_workers,
        threads=settings.web_threads,
        graceful_timeout_s=settings.graceful_timeout_s,
        log_level=settings.log_level,
    )


def serve(make_app: MakeApp, options: WebOptions) -> None:
    """Run the web server until SIGTERM (finishes requests in flight) or SIGINT. Ends the process."""
    _Server(make_app, options).run()


class _Server(gunicorn.app.base.BaseApplication):
    def __init__(self, make_app: MakeApp, options: WebOptions) -> None:
        self._make_app = make_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in _configuration(self._options).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._make_app()


def _configuration(options: WebOptions) -> dict[str, Any]:
    return {
        "bind": options.bind,
        "workers": options.workers,
        "threads": options.threads,
        "worker_class": DrainingWorker,
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
        "timeout": START_TIMEOUT_S,
        "graceful_timeout": math.ceil(options.graceful_timeout_s),
        "keepalive": KEEPALIVE_S,
        "preload_app": False,
        "umask": SOCKET_UMASK,
        "proc_name": "minerva",
        "default_proc_name": "minerva",
        "forwarded_allow_ips": "",  # nobody's word about scheme, path or address is taken
        "control_socket_disable": True,
        "accesslog": None,
        "logger_class": StructuredLogger,
        "loglevel": options.log_level,
    }


class DrainingWorker(ThreadWorker):
    """Tells the application when it must stop, so that streams without an end do not hold it up."""

    def init_process(self) -> None:
        """Let threads take turns sooner than Python's 5 ms."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        super().init_process()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop taking requests; those in flight are finished."""
        extensions = getattr(getattr(self, "wsgi", None), "extensions", {})
        house = extensions.get("minerva")
        if house is not None:
            house.draining.set()
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's own method
        """When stopping, answer who is connected already, and let nobody else connect.

        A listening socket that stays open while we drain would take connections to drop them.
        """
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            connections = None
            while connections != self.nr_conns:
                connections = self.nr_conns
                self.accept(listener)
            listener.close()


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
