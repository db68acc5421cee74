"""A bounded queue and the thread that empties it: who puts something in never waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass
class Delivery(Generic[Item]):
    """Hands what was put in to `deliver`, in order, a list at a time.

    `deliver` must not raise. What does not fit is counted and told to `dropped`.
    """

    deliver: Callable[[list[Item]], None]
    dropped: Callable[[int], None]
    limit: int
    """Most weight that may wait."""
    gather_s: float = 0.0
    """How long to gather before delivering: many small items cost less together."""
    thread: str = "plugin-events"
    """What the thread is called."""
    _items: list[Item] = field(default_factory=list)
    _weight: int = 0
    _lost: int = 0
    _busy: bool = False
    _closed: bool = False
    _thread: threading.Thread | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def put(self, item: Item, weight: int = 1) -> None:
        """Add an item; one that alone weighs more than the limit may wait alone."""
        with self._changed:
            if self._items and self._weight + weight > self.limit:
                self._lost += 1
                return
            self._items.append(item)
            self._weight += weight
            if len(self._items) == 1 and not self._busy:
                self._wake()

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything was delivered; return whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._items and not self._busy, timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Deliver what waits, then end the thread; return whether all was delivered in time."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        return self.flush(timeout_s)

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name=self.thread, daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while (items := self._next()) is not None:
            self.deliver(items)

    def _next(self) -> list[Item] | None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._items or self._closed)
            if self.gather_s:
                self._gather()
            if not self._items:
                return None
            self._busy = True
            items, self._items, self._weight = self._items, [], 0
            lost, self._lost = self._lost, 0
        if lost:
            self.dropped(lost)
        return items

    def _gather(self) -> None:
        until = time.monotonic() + self.gather_s
        self._changed.wait_for(lambda: self._closed, until - time.monotonic())
