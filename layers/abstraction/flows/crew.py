"""The threads of a flow: some for steps beside each other, some for the batches of one step."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import TypeVar

STEPS_AT_ONCE = 32
BATCHES_AT_ONCE = 64
T = TypeVar("T")


class Crew:
    """Threads that start when they are first needed; batches never wait for steps."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self._steps: ThreadPoolExecutor | None = None
        self._batches: ThreadPoolExecutor | None = None

    def step(self, work: Callable[[], T]) -> Future[T]:
        """Begin a step, in the caller's context."""
        with self._lock:
            if self._steps is None:
                self._steps = ThreadPoolExecutor(STEPS_AT_ONCE, f"{self._name}-step")
        return self._steps.submit(contextvars.copy_context().run, work)

    def batches(self, works: Iterator[Callable[[], T]], at_once: int) -> Iterator[tuple[int, T]]:
        """Do works, a few at once, and give their results with their numbers as they end.

        No more are begun than are asked for; raises what the first one that fails raises.
        """
        with self._lock:
            if self._batches is None:
                self._batches = ThreadPoolExecutor(BATCHES_AT_ONCE, f"{self._name}-batch")
        running: dict[Future[T], int] = {}
        numbered = enumerate(works)
        try:
            while True:
                for number, work in numbered:
                    context = contextvars.copy_context()
                    running[self._batches.submit(context.run, work)] = number
                    if len(running) >= at_once:
                        break
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        finally:
            for future in running:
                future.cancel()

    def close(self) -> None:
        """End the threads that have nothing to do; others end with their work."""
        for pool in (self._steps, self._batches):
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)
