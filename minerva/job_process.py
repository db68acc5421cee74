"""Entry point of a job's own process: `python -m minerva.job_process <channel>`.

Started by `layers.abstraction.jobs.process`, which says what to do in the first line of standard
input and reads JSON lines from the file descriptor `<channel>`: `{"progress", "message"}` any number
of times, then `{"result"}` or `{"error"}` once.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
import traceback
from typing import Any

import msgspec
import structlog

from minerva import bootstrap, settings
from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.jobs.job import Job
from minerva.layers.abstraction.jobs.work import kinds
from minerva.layers.core.telemetry.logging import configure

REPORT_EVERY_S = 0.1
NICER = 5
"""Training stands back behind the live sidecar on the same machine."""


class Spec(msgspec.Struct):
    """The first line of standard input."""

    job: Job
    memory_mb: int


def main() -> int:
    """Do one job; the exit code is 0 whenever the end was told."""
    channel = int(sys.argv[1])
    spec = msgspec.json.decode(sys.stdin.buffer.readline(), type=Spec)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(NICER)
    if spec.memory_mb:
        limit = spec.memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    _tell(channel, _do(spec.job, Reporter(channel)))
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


def _do(job: Job, progress: Reporter) -> dict[str, Any]:
    try:
        loaded = settings.load(bootstrap.workspace_from(os.environ), os.environ)
        configure(loaded.log_folder, "job", loaded.settings.log_level)
        structlog.contextvars.bind_contextvars(
            job_id=job.id,
            tenant=job.tenant,
            service=job.service,
            request_id=job.request_id,
            trace_id=job.trace_id,
            layer="abstraction",
        )
        with bootstrap.open_job(loaded) as container:
            return {"result": kinds(container.versioning)[job.kind](job, progress)}
    except MinervaError as error:
        traceback.print_exc()
        return {
            "error": _error(
                error.code, error.message, error, transient=isinstance(error, Unavailable)
            )
        }
    except MemoryError:
        traceback.print_exc()
        message = "The job ran out of memory: give it more (MINERVA_JOB_MEMORY_MB) or less data."
        return {"error": _error("out_of_memory", message, transient=True)}
    except Exception as error:  # noqa: BLE001 - the last frame: whatever it is ends as the job's error
        traceback.print_exc()
        message = f"The job failed unexpectedly ({type(error).__name__}); see the job's log."
        return {"error": _error("internal", message)}


def _error(
    code: str, message: str, error: MinervaError | None = None, *, transient: bool = False
) -> dict[str, Any]:
    faults = error.faults if error is not None else ()
    return {
        "code": code,
        "message": message,
        "faults": [{"where": fault.where, "message": fault.message} for fault in faults],
        "transient": transient,
    }


def _tell(channel: int, message: dict[str, Any]) -> None:
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
