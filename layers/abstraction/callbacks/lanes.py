"""Threads that do foreign work within a time: one that takes longer is left to itself."""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Overran(Exception):
    """The work was not done in time; it may run on."""


class Quit(Exception):
    """The work tried to end the process or the thread: SystemExit and the like, as its cause."""


class Lanes:
    """Daemon threads, each used by one caller at a time and by many callers one after the other.

    A thread pool would do, if it did not wait at the process's end for work that never ends.
    """

    def __init__(self) -> None:
        self._idle: deque[_Lane] = deque()

    def within(self, budget_s: float, work: Callable[[], T]) -> T:
        """Return what the work returns. Raises whatever it raises, Quit and Overran."""
        try:
            lane = self._idle.pop()
        except IndexError:
            lane = _Lane()
        task = _Task(contextvars.copy_context(), work)
        lane.tasks.put(task)
        if not task.done.acquire(timeout=budget_s):
            lane.tasks.put(None)  # it ends when its work does
            raise Overran
        self._idle.append(lane)
        if isinstance(task.error, Exception):
            raise task.error
        if task.error is not None:
            raise Quit(type(task.error).__name__) from task.error
        result: T = task.result
        return result

    def close(self) -> None:
        """Let idle threads end."""
        while self._idle:
            self._idle.pop().tasks.put(None)


class _Task:
    """Work and how it ended."""

    __slots__ = ("context", "done", "error", "result", "work")

    def __init__(self, context: contextvars.Context, work: Callable[[], Any]) -> None:
        self.context = context
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = threading.Lock()  # cheaper than an Event
        self.done.acquire()

    def do(self) -> None:
        """Do the work; whatever it raises is its caller's."""
        try:
            self.result = self.context.run(self.work)
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything; `within` raises it
            self.error = error
        self.done.release()


class _Lane:
    """One thread and what it shall do next."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[_Task | None] = SimpleQueue()
        threading.Thread(target=self._run, name="plugin-hook", daemon=True).start()

    def _run(self) -> None:
        while (task := self.tasks.get()) is not None:
            task.do()
            del task  # or it would live until the next one comes
