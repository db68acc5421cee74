"""Taking turns in accepting callers: a web worker that has many lets one that has fewer be faster.

All workers wait at the same sockets. Who is awake already would take a burst of callers alone, and they
stay for as long as they keep their connections, while the other worker has nothing to do (docs/adr/0026).
"""

from __future__ import annotations

from dataclasses import dataclass

FOR_EACH_S, LONGEST_S = 50e-6, 500e-6
"""How long a worker passes over a caller for each that it has: a sleeping worker needs as long to wake."""


@dataclass
class Turns:
    """One worker's turns; for its loop alone."""

    workers: int
    _not_before: float = 0.0

    def is_ours(self, now: float) -> bool:
        """Tell whether to accept now; who is passed over is still there at the next look."""
        return now >= self._not_before

    def accepted(self, callers: int, now: float) -> None:
        """Note that a caller was accepted, and how many there are now."""
        if self.workers > 1:
            self._not_before = now + min(callers * FOR_EACH_S, LONGEST_S)
