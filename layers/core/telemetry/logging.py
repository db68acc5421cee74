"""The one log configuration of web workers, job workers, beat, jobs and CLI: JSON lines.

Every line has `timestamp` (ISO 8601, UTC, microseconds), `level`, `event`, `component` and, where
known, `layer`, then what the event itself and the current context bring: `request_id`, `trace_id`,
`tenant`, `service`, `version`, `job_id`.
"""

from __future__ import annotations

import json
import logging
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from minerva.layers.core.telemetry.failures import add_failure
from minerva.layers.core.telemetry.gathered import GatheredLines
from minerva.layers.core.telemetry.log_file import LogFile, Sink, StandardOutput
from minerva.layers.core.telemetry.masking import MASK, PLAIN, is_secret, mask, mask_line

Component = Literal["web", "worker", "beat", "cli", "job", "up", "host", "hosts"]
FIRST = ("timestamp", "level", "event", "component", "layer")
"""Where an eye looks for them."""
_ENCODER = msgspec.json.Encoder(enc_hook=str)
_QUIET = ("alembic", "kombu", "amqp", "celery", "urllib3", "botocore", "fsspec", "werkzeug")


def configure(folder: Path | None, component: Component, level: str = "info") -> Sink:
    """Send all events of this process to `<folder>/<component>.jsonl`, or to standard output.

    What libraries log through `logging` or `warnings` takes the same way. May be called again.
    Raises InvalidConfiguration if the file cannot be written.
    """
    sink: Sink = StandardOutput() if folder is None else LogFile(folder / f"{component}.jsonl")
    _send(sink, component, level)
    return sink


def configure_gathered(
    folder: Path | None, component: Component, level: str = "info"
) -> GatheredLines:
    """Do as `configure`, but write lines a moment later; warnings and errors at once. To be closed.

    The last configuration of its process: loggers are put together once, and keep it.
    """
    sink = GatheredLines(configure(folder, component, level))
    _send(sink, component, level, kept=True)
    return sink


def _send(sink: Sink, component: Component, level: str, *, kept: bool = False) -> None:
    processors, logger = _processors(component), _LineLogger(sink)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *processors,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: logger,
        cache_logger_on_first_use=kept,
    )
    _route_standard_logging(_Handler(processors, sink), level)


class _LineLogger:
    """What structlog hands the finished line to."""

    def __init__(self, sink: Sink) -> None:
        self.debug = self.info = self.msg = self.log = sink.write
        self.warning = self.error = self.critical = sink.write_now
        self.fatal = self.exception = self.warn = sink.write_now


class _Handler(logging.Handler):
    """Gives a record of standard logging the form of our events."""

    def __init__(self, processors: list[Processor], sink: Sink) -> None:
        super().__init__()
        self._processors = processors
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        event: Any = {
            **structlog.contextvars.get_contextvars(),
            "event": _message(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "exc_info": record.exc_info,
        }
        for processor in self._processors:
            event = processor(None, record.levelname.lower(), event)
        write = self._sink.write if record.levelno < logging.WARNING else self._sink.write_now
        write(event)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a library whose arguments do not fit its own text
        return str(record.msg)


def _processors(component: Component) -> list[Processor]:
    return [
        _Clock(),
        add_failure,
        _add_component(component),
        _render,
    ]


class _Clock:
    """Adds `timestamp`; the text of a second is made once."""

    def __init__(self) -> None:
        self._known = (0, "")

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        second, fraction = divmod(time.time_ns(), 1_000_000_000)
        known, text = self._known
        if second != known:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._known = (second, text)
        event["timestamp"] = f"{text}.{fraction // 1000:06d}Z"
        return event


def _add_component(component: Component) -> Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("component", component)
        return event

    return add


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    order, secret = _layout(tuple(event))
    shown = {name: event[name] for name in order}
    for name in secret:
        shown[name] = None if shown[name] is None else MASK
    if not PLAIN.issuperset(map(type, shown.values())):
        shown = {name: mask(value) for name, value in shown.items()}
    return mask_line(_encode(shown)) + b"\n"


@lru_cache(maxsize=1024)  # of the same events again and again
def _layout(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the order in which facts are shown, and which of them are secret."""
    first = [name for name in FIRST if name in names]
    order = [*first, *(name for name in names if name not in FIRST)]
    return order, [name for name in order if is_secret(str(name))]


def _encode(event: dict[str, Any]) -> bytes:
    try:
        return _ENCODER.encode(event)
    except (TypeError, ValueError, RecursionError):  # lone surrogates, keys that are no text, …
        return json.dumps({key: repr(value) for key, value in event.items()}).encode()


def _route_standard_logging(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
