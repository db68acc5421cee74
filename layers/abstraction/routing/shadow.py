"""The shadow: asked what the champion was asked, off the request path, and never answered from."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from minerva.layers.abstraction.routing.agreement import Agreement

log = structlog.get_logger()

Compare = Callable[[], Agreement]
"""Asks the shadow and compares; raises if it fails."""
PLACES = 64
"""Questions that may wait; more are left out, so that a slow shadow costs memory to no one."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one process saw of one shadow version."""

    asked: int = 0
    rows: int = 0
    agreed: int = 0
    failed: int = 0
    left_out: int = 0
    """Calls that found the queue full."""


@dataclass
class Shadows:
    """One queue and one thread per process, started with the first question."""

    places: int = PLACES
    _queue: queue.Queue[Callable[[], None] | None] = field(init=False)
    _tallies: dict[str, Tally] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._queue = queue.Queue(self.places)

    def ask(self, digest: str, facts: Mapping[str, object], compare: Compare) -> None:
        """Have the comparison made later; returns at once. `facts` go into the log event."""
        context = contextvars.copy_context()
        try:
            self._queue.put_nowait(lambda: context.run(self._compare, digest, facts, compare))
        except queue.Full:
            self._count(digest, Tally(left_out=1))
            return
        self._start()

    def tally(self, digest: str) -> Tally:
        """Return what was seen of a shadow version in this process."""
        return self._tallies.get(digest, Tally())

    def close(self) -> None:
        """End the thread after the question in hand; what waits is left out."""
        thread = self._thread
        if thread is None:
            return
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        self._queue.put(None)
        thread.join()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            work()

    def _compare(self, digest: str, facts: Mapping[str, object], compare: Compare) -> None:
        started_at = time.perf_counter()
        try:
            found = compare()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a shadow may fail in any way and harms no one
            self._count(digest, Tally(asked=1, failed=1))
            log.warning("shadow.failed", **facts, reason=type(error).__name__)
            return
        self._count(digest, Tally(asked=1, rows=found.rows, agreed=found.agreed))
        log.info(
            "shadow.compared",
            **facts,
            rows=found.rows,
            agreed=found.agreed,
            difference=found.difference,
            ms=round((time.perf_counter() - started_at) * 1000, 3),
        )

    def _count(self, digest: str, more: Tally) -> None:
        with self._lock:
            before = self._tallies.get(digest, Tally())
            self._tallies[digest] = replace(
                before,
                asked=before.asked + more.asked,
                rows=before.rows + more.rows,
                agreed=before.agreed + more.agreed,
                failed=before.failed + more.failed,
                left_out=before.left_out + more.left_out,
            )
