"""A circuit breaker: what keeps failing is not asked for a while, then by one call, which decides.

The caller's counterpart of the sidecar's own breakers, for the time when the sidecar is what fails.
Here each call holds a permit, so that an answer that was asked for before it opened does not close it.
"""

from __future__ import annotations

import threading
from enum import StrEnum


class State(StrEnum):
    """Closed: calls pass. Open: none does. Half-open: one is trying."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens after so many failures in a row, for so many seconds; for any number of threads.

    Times are those of one monotonic clock, in seconds.
    """

    def __init__(self, failures: int, open_s: float) -> None:
        self._most_failures = failures
        self._open_s = open_s
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._permit = 0
        self._failures = 0
        self._try_at = 0.0

    @property
    def state(self) -> State:
        """Where it stands; open turns half-open only when a call comes."""
        return self._state

    def admit(self, now: float) -> int | None:
        """Return a permit, to be given back by one of the calls below; None: do not call."""
        with self._lock:
            if self._state is State.HALF_OPEN or (self._state is State.OPEN and now < self._try_at):
                return None
            if self._state is State.OPEN:
                self._state = State.HALF_OPEN
            return self._permit

    def succeeded(self, permit: int) -> None:
        """Hear that a call was answered."""
        with self._lock:
            if permit != self._permit:
                return
            self._failures = 0
            if self._state is State.HALF_OPEN:
                self._turn(State.CLOSED)

    def failed(self, permit: int, now: float) -> None:
        """Hear that a call was not answered, or that the answer was a failure of the other side."""
        with self._lock:
            if permit != self._permit:
                return
            self._failures += 1
            if self._state is State.HALF_OPEN or self._failures >= self._most_failures:
                self._try_at = now + self._open_s
                self._turn(State.OPEN)

    def left(self, permit: int) -> None:
        """Hear that a call ended without saying anything of the other side; another one may try."""
        with self._lock:
            if permit == self._permit and self._state is State.HALF_OPEN:
                self._state = State.OPEN

    def _turn(self, state: State) -> None:
        """Change, and hear no more of the calls that were admitted before."""
        self._state = state
        self._permit += 1
        self._failures = 0
