"""The shared log: one JSON line per event, in the key names that Minerva uses too.

Events say what happened and to which request, job and version. They never hold a name, an e-mail
address or the value of a feature; errors are logged by the name of their class for the same reason.
"""

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, cast

import structlog
from structlog.typing import FilteringBoundLogger

from legacy_stub.errors import SettingError

LOG_FILE = "legacy.jsonl"


def logger(unit: str) -> FilteringBoundLogger:
    """The logger of one unit: `ui`, `main`, `preprocessing` or `orchestration`."""
    return cast("FilteringBoundLogger", structlog.get_logger(component="legacy", unit=unit))


@contextmanager
def logging_to(folder: Path | None) -> Iterator[None]:
    """Send all events to `legacy.jsonl` in `folder`, or to standard output without one.

    Raises SettingError when the file cannot be opened for appending.
    """
    with _sink(folder) as sink:
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper("%Y-%m-%dT%H:%M:%S.%fZ", utc=True),
                structlog.processors.JSONRenderer(serializer=_line),
            ],
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            logger_factory=structlog.BytesLoggerFactory(file=sink),
        )
        try:
            yield
        finally:
            structlog.reset_defaults()


def where(error: BaseException) -> str:
    """The place in the code where an error arose: all that may be told of it besides its class."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"


def _sink(folder: Path | None) -> AbstractContextManager[BinaryIO]:
    """Unbuffered and in append mode: one event is one write, so processes may share the file."""
    if folder is None:
        return nullcontext(sys.stdout.buffer)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return cast("BinaryIO", (folder / LOG_FILE).open("ab", buffering=0))
    except OSError as error:
        raise SettingError(
            f"LEGACY_LOG_FOLDER: cannot write {folder / LOG_FILE} ({error.strerror})."
        ) from error


_FIRST = ("timestamp", "level", "event", "component", "unit")


def _line(event: dict[str, object], **_: object) -> bytes:
    """Put the keys that every event has first, where an eye looks for them."""
    ordered = {key: event[key] for key in _FIRST if key in event} | event
    return json.dumps(ordered, default=str).encode()
