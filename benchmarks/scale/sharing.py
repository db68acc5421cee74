"""A machine whose cores all work on it share evenly, with a deadline: a database, or a store's network.

In virtual time, which passes as quickly as each share, a piece of work ends at a moment that is known
when it comes. So the next end is on top of a heap, however many share.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass
class Shared:
    """Works on everything at once; nothing gets more than one core, or one client's bandwidth."""

    cores: float
    timeout_s: float = math.inf
    """What takes longer is given up, as PostgreSQL's `statement_timeout` does."""
    busy_s: float = 0.0
    """Core seconds so far, those included that were spent on what was given up."""
    _now: float = 0.0
    _virtual: float = 0.0
    _ends: list[tuple[float, int, Hashable]] = field(default_factory=list)
    _waiting: deque[tuple[float, int, Hashable]] = field(default_factory=deque)
    _inside: set[int] = field(default_factory=set)
    _count: int = 0

    def add(self, now: float, work_s: float, who: Hashable) -> None:
        """Begin some work, of so many seconds of a core."""
        self._pass(now)
        self._count += 1
        heapq.heappush(self._ends, (self._virtual + work_s, self._count, who))
        self._inside.add(self._count)
        if self.timeout_s < math.inf:
            self._waiting.append((now + self.timeout_s, self._count, who))

    def next_at(self) -> float:
        """Return when the next work ends or is given up; infinity if there is none."""
        self._forget()
        end = math.inf
        if self._ends:
            end = self._now + (self._ends[0][0] - self._virtual) / self._speed()
        return min(end, self._waiting[0][0]) if self._waiting else end

    def pop(self) -> tuple[float, Hashable, bool]:
        """Go on to that moment; return it, whose work it was, and whether it is done."""
        at = self.next_at()
        given_up = bool(self._waiting) and self._waiting[0][0] <= at
        self._pass(at)
        _, number, who = self._waiting.popleft() if given_up else heapq.heappop(self._ends)
        self._inside.remove(number)
        self._forget()
        return at, who, not given_up

    @property
    def inside(self) -> int:
        """How much is worked on."""
        return len(self._inside)

    def _speed(self) -> float:
        return min(1.0, self.cores / max(1, len(self._inside)))

    def _pass(self, now: float) -> None:
        passed = (now - self._now) * self._speed()
        self._virtual += passed
        self.busy_s += passed * len(self._inside)
        self._now = now

    def _forget(self) -> None:
        """Drop from each queue what has left by the other."""
        while self._ends and self._ends[0][1] not in self._inside:
            heapq.heappop(self._ends)
        while self._waiting and self._waiting[0][1] not in self._inside:
            self._waiting.popleft()
