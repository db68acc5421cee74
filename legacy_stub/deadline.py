"""A moment after which a call is given up, however slowly the other side goes on answering."""

import threading
import time

_GLANCE = 0.2  # seconds between two looks at the stop signal


class Deadline:
    """Seconds from now; a set `stop` event ends the wait early, so that the program can leave."""

    def __init__(self, seconds: float, stop: threading.Event | None = None) -> None:
        self._at = time.monotonic() + seconds
        self._stop = stop

    def remaining(self) -> float:
        """The seconds that are left, more than none; raises TimeoutError when none are."""
        left = self._at - time.monotonic()
        if left <= 0 or (self._stop is not None and self._stop.is_set()):
            raise TimeoutError
        return left

    def glance(self) -> float:
        """How long to wait before asking again; raises TimeoutError when no time is left."""
        return min(self.remaining(), _GLANCE)
