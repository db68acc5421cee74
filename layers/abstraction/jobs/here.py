"""An attempt that runs in the worker itself, in a thread: for work that is short and harmless."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from minerva.layers.abstraction.jobs.telling import Told, told_by


class JobThread:
    """Runs the work and is asked what it says, as `process.JobProcess` is."""

    def __init__(self, work: Callable[[Callable[[Told], None]], Any], name: str) -> None:
        """`work` is given what it tells progress to, and returns the job's result or `Parts`."""
        self._said: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self._work = work
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def messages(self, timeout_s: float) -> list[Told]:
        """Return what was said within `timeout_s`; at once when something is."""
        try:
            return [self._said.get(timeout=timeout_s)]
        except queue.Empty:
            return []

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return self._thread.is_alive() or not self._said.empty()

    def wait(self) -> int:
        """Return 0: a thread has no exit code, it always tells its end."""
        self._thread.join()
        return 0

    def _run(self) -> None:
        self._said.put(told_by(lambda: self._work(self._said.put), logged=False))
