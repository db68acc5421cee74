"""How hosts die, and how long one that keeps dying at its start is left alone."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.runtimes.launch import HostProcess

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


@dataclass
class Deaths:
    """Failed starts in a row by key. The second one is followed by a pause, each next by twice that."""

    now: Callable[[], float]
    _failed: dict[str, tuple[int, float, MinervaError]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, key: str, error: MinervaError) -> None:
        """A start failed."""
        with self._lock:
            times = self._failed.get(key, (0, 0.0, error))[0] + 1
            self._failed[key] = (times, self.now() + pause_after(times), error)

    def check(self, key: str) -> None:
        """Raise Unavailable with the last reason while a key is left alone."""
        with self._lock:
            times, until, error = self._failed.get(key, (0, 0.0, None))
        left = until - self.now()
        if error is not None and left > 0:
            raise Unavailable(
                f"A model's process failed to start {times} times and is tried again in "
                f"{math.ceil(left)} s. {error.message}",
                faults=error.faults,
                retry_after_s=math.ceil(left),
            ) from error

    def forget(self, key: str) -> None:
        """A start succeeded, or nobody asks any more."""
        with self._lock:
            self._failed.pop(key, None)


def pause_after(times: int) -> float:
    """Return the seconds to wait after so many failures in a row."""
    return 0.0 if times < 2 else min(FIRST_PAUSE_S * 2.0 ** min(times - 2, 30), LONGEST_PAUSE_S)  # noqa: PLR2004 - once may be chance


def how(process: HostProcess) -> str:
    """Tell how a process ended."""
    code = process.process.poll()
    if code is None:
        return "lives"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"was ended by signal {-code}"
