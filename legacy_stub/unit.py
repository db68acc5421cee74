"""How a unit works in the background: step by step, patiently, until it is told to stop."""

import enum
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from structlog.typing import FilteringBoundLogger

from legacy_stub.log import where
from legacy_stub.sidecar import SidecarError

_MOST_FAILURES = 10
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0  # the sidecar is next door: asking it every few seconds hurts nobody


class Progress(enum.Enum):
    """What a step came to."""

    WORKED = enum.auto()
    """Something was done; there may be more to do at once."""
    WAITING = enum.auto()
    """Somebody else is at work."""
    IDLE = enum.auto()
    """There is nothing to do."""


def watch(
    step: Callable[[], Progress],
    stop: threading.Event,
    interval: float,
    log: FilteringBoundLogger,
) -> None:
    """Take steps until `stop` is set, `interval` seconds apart unless there is more to do at once.

    A step that fails is logged and taken again, after pauses that grow up to five seconds.
    """
    failures = 0
    while not stop.is_set():
        try:
            progress = step()
        except Exception as error:  # noqa: BLE001 - a unit outlives whatever a step runs into
            if not stop.is_set():
                _report(error, log)
            stop.wait(_pause_after(failures))
            failures += 1
            continue
        failures = 0
        if progress is not Progress.WORKED:
            stop.wait(interval)


def catch_up(step: Callable[[], Progress], interval: float, log: FilteringBoundLogger) -> bool:
    """Take steps until there is nothing to do; tell whether it came to that.

    It does not when ten steps in a row fail for want of the sidecar.
    """
    failures = 0
    while failures < _MOST_FAILURES:
        try:
            progress = step()
        except SidecarError as error:
            _report(error, log)
            time.sleep(_pause_after(failures))
            failures += 1
            continue
        failures = 0
        if progress is Progress.IDLE:
            return True
        if progress is Progress.WAITING:
            time.sleep(interval)
    return False


def _pause_after(failures: int) -> float:
    """Seconds to wait after a failure that followed that many others."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 10))


def _report(error: Exception, log: FilteringBoundLogger) -> None:
    if isinstance(error, SidecarError):
        log.warning("sidecar.unavailable", error=error.code, status=error.status)
    elif isinstance(error, SQLAlchemyError):
        log.warning("database.unavailable", error=type(error).__name__)
    else:
        log.error("unit.failed", error=type(error).__name__, where=where(error))
