"""Entry point of a job's own process: `python -m minerva.job_process <channel> [LIBRARY…]`.

Started by `layers.abstraction.jobs.spares`, often before there is a job: then the libraries are
imported already. What to do is the first line of standard input. Tells the file descriptor `<channel>`
JSON lines: `{"progress", "message"}` any number of times, `{"libraries"}`, and in the end one of
`{"result"}`, `{"parts", "message"}` and `{"error"}`.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import msgspec

from minerva.layers.abstraction.jobs.job import Job

if TYPE_CHECKING:
    from minerva.layers.abstraction.jobs.kind import Attempt, Parts
    from minerva.layers.abstraction.jobs.telling import Told

REPORT_EVERY_S = 0.1
LIBRARIES = ("pyarrow.parquet", "pandas", "xgboost")
"""Those of ours that take longest to import, if a job needs them."""
NICER = 5
"""Training stands back behind the live sidecar on the same machine."""


class Spec(msgspec.Struct):
    """The first line of standard input."""

    job: Job
    memory_mb: int
    folder: str
    log: str
    """The file that the attempt prints to."""


def main() -> int:
    """Do one job; the exit code is 0 whenever the end was told."""
    channel = int(sys.argv[1])
    os.nice(NICER)
    asked: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    _prepare(sys.argv[2:])
    spec = msgspec.json.decode(asked.get(), type=Spec)
    _print_to(spec.log)
    if spec.memory_mb:
        limit = spec.memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    end = _done(spec, Reporter(channel))
    _tell(channel, {"libraries": [name for name in LIBRARIES if name in sys.modules]})
    _tell(channel, end)
    gc.freeze()
    return 0


def _prepare(libraries: Sequence[str]) -> None:
    """Import what every job needs, and what is likely to be needed, before there is a job."""
    gc.disable()
    from minerva import bootstrap

    bootstrap.preload((*bootstrap.STORES, *libraries))
    gc.freeze()  # none of it ever goes: looking through it costs most of what ending takes
    gc.enable()


def _print_to(log: str) -> None:
    with Path(log).open("a+b") as file:  # a host that prints here shortens it
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(file.fileno(), stream.fileno())


def _done(spec: Spec, report: Reporter) -> Told:
    from minerva.layers.abstraction.jobs.kind import Attempt
    from minerva.layers.abstraction.jobs.telling import told_by

    attempt = Attempt(report, Path(spec.folder), spec.job.attempt)
    return told_by(lambda: _do(spec.job, attempt))


class Reporter:
    """Tells progress, at most ten times a second."""

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._told = 0.0

    def __call__(self, fraction: float, message: str = "") -> None:
        """Satisfy `minerva.algorithm.Progress`."""
        now = time.monotonic()
        if now - self._told >= REPORT_EVERY_S:
            self._told = now
            plain = str(message).encode(errors="replace").decode()  # a plugin may send anything
            _tell(self._channel, {"progress": round(float(fraction), 4), "message": plain})


def _do(job: Job, attempt: Attempt) -> Mapping[str, Any] | Parts:
    import structlog

    from minerva import bootstrap, settings
    from minerva.errors import InvalidInput
    from minerva.layers.abstraction.jobs.runner import facts
    from minerva.layers.core.telemetry.logging import configure

    loaded = settings.load(bootstrap.workspace_from(os.environ), os.environ)
    configure(loaded.log_folder, "job", loaded.settings.log_level)
    structlog.contextvars.bind_contextvars(**facts(job))
    with bootstrap.open_job(loaded) as container:
        kind = container.kinds().get(job.kind)
        if kind is None:
            raise InvalidInput(f"No plugin on this worker brings jobs of kind {job.kind!r}.")
        return kind.work(job, attempt)


def _tell(channel: int, message: Told) -> None:
    line = msgspec.json.encode(message) + b"\n"
    while line:
        line = line[os.write(channel, line) :]


def _listen(asked: SimpleQueue[bytes]) -> None:
    """Hand over the first line, then wait for the end of standard input.

    It ends when the parent does, however it ended: then nobody wants the result. Read below Python's
    buffer, whose lock would break the end of the interpreter.
    """
    line = b""
    while read := os.read(0, 65536):
        line += read
        if line.endswith(b"\n"):
            asked.put(line)
    if os.getpgrp() == os.getpid():  # started by a worker: what the plugin started ends too
        os.killpg(0, signal.SIGKILL)
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
