"""Short waits, after which the wish to stop is acted upon."""

import signal
import time
from types import FrameType


class StopAskedError(Exception):
    """Ctrl-C, or a signal that means the same."""


class Patience:
    """Notes the wish to stop; it is acted upon between two steps only, so nothing is left half done."""

    def __init__(self) -> None:
        self._asked = False

    def listen_to_signals(self) -> None:
        """Take Ctrl-C, `kill` and a closed terminal as the wish to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def pause(self, seconds: float) -> None:
        """Let time pass. Raises StopAskedError."""
        self.check()
        time.sleep(seconds)
        self.check()

    def check(self) -> None:
        """Raise StopAskedError if somebody asked."""
        if self._asked:
            raise StopAskedError

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
