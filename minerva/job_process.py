"""Entry point of a job's own process: `python -m minerva.job_process <channel>`.

Started by `layers.abstraction.jobs.process`, which says what to do in the first line of standard
input and reads JSON lines from the file descriptor `<channel>`: `{"progress", "message"}` any number
of times, then `{"result"}`, `{"parts", "message"}` or `{"error"}` once.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from minerva import bootstrap, settings
from minerva.errors import InvalidInput
from minerva.layers.abstraction.jobs.job import Job
from minerva.layers.abstraction.jobs.kind import Attempt, Parts
from minerva.layers.abstraction.jobs.runner import facts
from minerva.layers.abstraction.jobs.telling import Told, told_by
from minerva.layers.core.telemetry.logging import configure

REPORT_EVERY_S = 0.1
NICER = 5
"""Training stands back behind the live sidecar on the same machine."""


class Spec(msgspec.Struct):
    """The first line of standard input."""

    job: Job
    memory_mb: int
    folder: str


def main() -> int:
    """Do one job; the exit code is 0 whenever the end was told."""
    channel = int(sys.argv[1])
    spec = msgspec.json.decode(sys.stdin.buffer.readline(), type=Spec)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(NICER)
    if spec.memory_mb:
        limit = spec.memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    attempt = Attempt(Reporter(channel), Path(spec.folder), spec.job.attempt)
    _tell(channel, told_by(lambda: _do(spec.job, attempt)))
    return 0


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


def _end_with_parent() -> None:
    """Standard input ends when the parent does, however it ended: then nobody wants the result.

    Read below Python's buffer, whose lock would break the end of the interpreter.
    """
    while os.read(0, 4096):
        continue
    if os.getpgrp() == os.getpid():  # started by a worker: what the plugin started ends too
        os.killpg(0, signal.SIGKILL)
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
