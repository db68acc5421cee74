"""Doing work aside: in threads that nothing waits for, one piece at a time for each key.

What a schedule starts may be checked against a user's files and databases first, and a watermark is asked
of one. Any of them may be slow or hang, and beat must go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

import structlog

log = structlog.get_logger()

Key = tuple[str, str, str]
"""Tenant, service and schedule."""
Work = Callable[[], None]
Begin = Callable[[Key, Work], bool]
"""Begins a piece of work, unless one with the same key is under way: then False."""


class Aside:
    """Threads, made when they are needed; they do not keep the process from ending."""

    def __init__(self, limit: int) -> None:
        """`limit`: so many pieces at once; more of them wait."""
        self._limit = limit
        self._threads = 0
        self._under_way: set[Key] = set()
        self._waiting: SimpleQueue[tuple[Key, Work]] = SimpleQueue()
        self._lock = threading.Lock()

    def __call__(self, key: Key, work: Work) -> bool:
        """Satisfy `Begin`."""
        with self._lock:
            if key in self._under_way:
                return False
            self._under_way.add(key)
            needed = self._threads < min(self._limit, len(self._under_way))
            self._threads += needed
        self._waiting.put((key, work))
        if needed:
            threading.Thread(target=self._serve, name="schedules", daemon=True).start()
        return True

    def _serve(self) -> None:
        while True:
            key, work = self._waiting.get()
            try:
                work()
            except Exception:  # the thread is to serve the others too
                log.exception("schedule.broken", tenant=key[0], service=key[1], schedule=key[2])
            finally:
                with self._lock:
                    self._under_way.discard(key)
