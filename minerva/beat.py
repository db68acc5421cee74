"""Entry point of beat, the clock: sweeps what no one holds, and starts what is due.

It needs no broker, only the database: leases are swept while the broker is away and while every worker is
busy with hours of training. Its pace is that of a clock that nobody sets.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.serving.watcher import Watcher

if TYPE_CHECKING:
    from minerva.settings import Loaded

log = structlog.get_logger()


class Ticks(Protocol):
    """What is to be done regularly."""

    def tick(self) -> None:
        """Do what has come up since the last time."""


class Refreshes(Protocol):
    """Plugins, whose hooks this process calls; see `plugins.catalogue.Plugins`."""

    def refresh(self) -> object:
        """Look for changes."""


class BeatContainer(Protocol):
    """What of `bootstrap.Container` is needed here."""

    @property
    def loaded(self) -> Loaded:
        """Settings."""

    @property
    def catalogue(self) -> Refreshes:
        """The plugins."""

    @property
    def sweeper(self) -> Ticks:
        """Sweeps leases and messages."""

    @property
    def scheduler(self) -> Ticks:
        """Starts what is due."""


def run_beat(container: BeatContainer, alive: Callable[[], None]) -> int:
    """Tick every `sweep_interval_s` until SIGTERM or SIGINT; return the exit code.

    `alive` is called with each tick.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    settings = container.loaded.settings
    Watcher(container.catalogue.refresh, settings.poll_interval_s).start()
    while not stopping.wait(settings.sweep_interval_s):
        for part in (container.sweeper, container.scheduler):
            tick(part)
        alive()
    return 0


def tick(part: Ticks) -> None:
    """Do one part of a tick; what keeps it from being done is logged, and it is done the next time."""
    try:
        part.tick()
    except MinervaError as error:
        log.warning("beat.tick_failed", part=type(part).__name__, reason=error.message)
    except Exception:
        log.exception("beat.tick_broken", part=type(part).__name__)
