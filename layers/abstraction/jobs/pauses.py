"""How long to wait before another attempt: longer each time, and not all at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

LONGEST_S = 300.0
JITTER = 0.25
"""Share by which a pause is made shorter or longer, so that what failed together does not come back
together."""

Chance = Callable[[], float]
"""Returns a number from 0 to 1."""


def pause_s(
    attempt: int, first_s: float, chance: Chance, declared: Sequence[float] | None = None
) -> float:
    """Return the pause after the attempt of this number (from 1).

    It doubles from `first_s` up to `LONGEST_S`, or is the declared one.
    """
    if declared:
        pause = declared[min(attempt, len(declared)) - 1]
    else:
        pause = min(LONGEST_S, first_s * 2 ** min(attempt - 1, 32))
    return pause * (1 + JITTER * (2 * chance() - 1))
