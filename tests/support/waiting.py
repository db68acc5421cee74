"""Waiting for a condition, instead of for a time."""

import time
from collections.abc import Callable
from typing import Any

POLL_S = 0.02


def wait_until(condition: Callable[[], Any], within_s: float = 60, what: object = "this") -> Any:
    """Return the first true value of `condition`, which is asked until the time is over.

    `what` is told when it is; a function is asked for it then.
    """
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            told = what() if callable(what) else what
            raise AssertionError(f"not within {within_s:g} s: {told}")
        time.sleep(POLL_S)
    return found
