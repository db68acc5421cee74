"""Waiting for a condition, instead of for a time."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], within: float = 15.0) -> T:
    """The first true value of `condition`; fails the test when there is none `within` seconds."""
    end = time.monotonic() + within
    pause = threading.Event()
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        pause.wait(0.01)
    raise AssertionError(f"not within {within} seconds: {condition}")
