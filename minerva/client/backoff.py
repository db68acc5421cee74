"""How long to wait before a call is tried again: exponential backoff with full jitter, within a deadline.

Full jitter, as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): callers that failed
at one moment do not come back at one moment.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_DOUBLINGS = 30


@dataclass(frozen=True)
class Backoff:
    """Pauses that double from the first to the longest, in seconds."""

    first_s: float
    longest_s: float

    def pause_s(
        self, tries: int, left_s: float, chance: float, retry_after_s: float = 0.0
    ) -> float | None:
        """Return the pause after so many tries; None where it would not end before the deadline.

        `left_s` is the time until then, `chance` a random number from 0 to 1, and `retry_after_s` what
        the other side asked for: the jitter comes on top of it, since everybody was told the same.
        """
        doublings = min(tries - 1, MOST_DOUBLINGS)
        pause = retry_after_s + chance * min(self.longest_s, self.first_s * 2**doublings)
        return pause if pause < left_s else None
