"""An exception as one structured value of a log line, without the values of local variables."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from structlog.typing import EventDict, WrappedLogger

MAX_FRAMES = 40
MAX_CAUSES = 5
MAX_TEXT = 2000


def add_failure(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` (True, an exception or the usual triple) by a structured `exception`."""
    given = event.pop("exc_info", None)
    error = _error(given)
    if error is not None:
        event["exception"] = describe(error)
    return event


def describe(error: BaseException) -> dict[str, Any]:
    """Return type, message and frames (innermost last) of an error and of what caused it."""
    described = _one(error)
    causes: list[dict[str, Any]] = []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    while cause is not None and len(causes) < MAX_CAUSES:
        causes.append(_one(cause))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    if causes:
        described["caused_by"] = causes
    return described


def _one(error: BaseException) -> dict[str, Any]:
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins."),
        "message": _text(error),
        "frames": _frames(error.__traceback__),
    }


def _text(error: BaseException) -> str:
    try:
        return str(error)[:MAX_TEXT]
    except Exception:  # noqa: BLE001 - an error whose own __str__ fails must still be logged
        return "(no message: its text could not be made)"


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-MAX_FRAMES:]
    return [
        f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"
        for frame in frames
    ]


def _error(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exc_info()[1] if given else None
