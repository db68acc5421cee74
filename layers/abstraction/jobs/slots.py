"""How many jobs of each queue one worker runs at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Slots:
    """Places for running jobs. A call that finds none free is remembered for whoever leaves next."""

    sizes: Mapping[str, int]
    _busy: Counter[str] = field(default_factory=Counter)
    _missed: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, queue: str) -> bool:
        """Take a place; False: all are taken, and who leaves one is told to look again."""
        with self._lock:
            if self._busy[queue] >= self.sizes.get(queue, 0):
                self._missed.add(queue)
                return False
            self._busy[queue] += 1
            return True

    def leave(self, queue: str) -> bool:
        """Give the place back; return whether somebody called for this queue in the meantime."""
        with self._lock:
            self._busy[queue] -= 1
            called = queue in self._missed
            self._missed.discard(queue)
            return called
