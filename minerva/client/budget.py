"""A budget of retries: a sidecar in trouble gets a few more calls than usual, never a multiple of them.

The token bucket of Finagle's RetryBudget and gRPC's retry throttling (gRFC A6), without a clock: each call
earns a share of a retry, each retry spends a whole one.
"""

from __future__ import annotations

import threading

PARTS = 1000
"""A token is counted in whole parts, because a sum of tenths is none of ones."""


class RetryBudget:
    """At most `spare` retries, and `share` of one more for each call; for any number of threads."""

    def __init__(self, share: float, spare: int) -> None:
        self._share = round(share * PARTS)
        self._most = max(spare * PARTS, PARTS if self._share else 0)
        self._lock = threading.Lock()
        self._parts = spare * PARTS

    def earn(self) -> None:
        """Count a call, which is no retry itself."""
        with self._lock:
            self._parts = min(self._most, self._parts + self._share)

    def spend(self) -> bool:
        """Take one retry; False, and nothing is taken, where there is none left."""
        with self._lock:
            if self._parts < PARTS:
                return False
            self._parts -= PARTS
            return True
