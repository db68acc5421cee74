"""A circuit breaker: a version that keeps failing is left alone for a while, then tried once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum

from minerva.layers.abstraction.services.declaration import Breaker


class CircuitState(StrEnum):
    """Closed: calls pass. Open: none does. Half-open: one is trying."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Circuit:
    """The breaker of one version in one process; may be used from several threads."""

    def __init__(self, policy: Breaker, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._openings = 0
        self._try_at = 0.0
        self._state = CircuitState.CLOSED
        self._exhausted = False

    @property
    def state(self) -> CircuitState:
        """Where it stands; open turns half-open only when a call comes."""
        return self._state

    @property
    def retry_after_s(self) -> float:
        """How long until the next call may try; 0 if it may now."""
        return 0.0 if self._state is CircuitState.CLOSED else max(0.0, self._try_at - self._clock())

    def admit(self) -> bool:
        """Tell whether a call may pass; whoever is let through reports how it ended."""
        if self._closed():
            return True
        with self._lock:
            if self._closed():
                return True
            if self._clock() < self._try_at:
                return False
            # whoever tries has as long as the circuit was open; then the next one may
            self._state = CircuitState.HALF_OPEN
            self._try_at = self._clock() + self._policy.open_s
            return True

    def _closed(self) -> bool:
        return self._state is CircuitState.CLOSED

    def succeeded(self) -> None:
        """Close it, and forget what failed before."""
        if not self._failures and not self._openings:
            return
        with self._lock:
            self._failures = self._openings = 0
            self._exhausted = False
            self._state = CircuitState.CLOSED

    def failed(self) -> bool:
        """Count a failure. True once, when the version has failed often enough to be quarantined."""
        with self._lock:
            self._failures += 1
            trying = self._state is CircuitState.HALF_OPEN
            if self._state is CircuitState.OPEN or (
                not trying and self._failures < self._policy.failures
            ):
                return False
            self._state = CircuitState.OPEN
            self._openings += 1
            self._failures = 0
            self._try_at = self._clock() + self._policy.open_s
            exhausted = self._openings >= self._policy.quarantine_after and not self._exhausted
            self._exhausted = self._exhausted or exhausted
            return exhausted
