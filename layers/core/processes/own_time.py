"""How long a thread's work took, without the time for which others had the processor."""

from __future__ import annotations

import os
import time
from pathlib import Path

WAITS = Path("/proc/thread-self/schedstat")
"""What Linux tells of a thread; the second number is for how long it was ready and had no core, in ns."""


class OwnTime:
    """A clock for the thread that makes it, for good: it stands still while that waits for a core.

    Where nobody tells that wait it is an ordinary clock. Linux 6.18 takes a sleep for such a wait now and
    then (docs/adr/0019): one reading proves nothing.
    """

    def __init__(self, waits: Path = WAITS) -> None:
        try:
            self._waits: int | None = os.open(waits, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._waits = None

    def now(self) -> float:
        """Return seconds that mean something beside others of this clock."""
        if self._waits is None:
            return time.monotonic()
        waited = int(os.pread(self._waits, 64, 0).split()[1])
        return time.monotonic() - waited / 1e9
