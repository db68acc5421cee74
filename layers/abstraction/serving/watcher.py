"""The thread that keeps a web worker's picture of the registry fresh, off the request path."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger()


@dataclass
class Watcher:
    """Calls `look` at once and then every `interval_s` seconds until stopped."""

    look: Callable[[], object]
    interval_s: float
    _stopped: threading.Event = field(default_factory=threading.Event)
    _failing: bool = False

    def start(self) -> None:
        """Begin watching in a daemon thread."""
        threading.Thread(target=self._run, name="registry-watcher", daemon=True).start()

    def stop(self) -> None:
        """End after the look in progress."""
        self._stopped.set()

    def _run(self) -> None:
        self._look()
        while not self._stopped.wait(self.interval_s):
            self._look()

    def _look(self) -> None:
        """One failure is logged, not each: a database that is away for an hour is one event."""
        try:
            self.look()
        except Exception as error:
            if not self._failing:
                log.error("watcher.failing", exc_info=error)
            self._failing = True
            return
        if self._failing:
            log.info("watcher.recovered")
        self._failing = False
