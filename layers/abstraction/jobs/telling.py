"""What an attempt tells its worker when it ends, whatever it ends by."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.jobs.kind import Parts
from minerva.layers.abstraction.jobs.outcome import OUT_OF_MEMORY

Told = dict[str, Any]
"""`{"progress", "message"}`, `{"result"}`, `{"parts", "message"}` or `{"error"}`."""


def told_by(work: Callable[[], Mapping[str, Any] | Parts], *, logged: bool = True) -> Told:
    """Do the work and return its end as it is told; the stack goes to the attempt's log.

    `logged`: whether it has a log of its own. Without one, only the unforeseen shows its stack.
    """
    try:
        done = work()
    except MinervaError as error:
        if logged:
            traceback.print_exc()
        return _error(error.code, error.message, error, transient=isinstance(error, Unavailable))
    except MemoryError:
        traceback.print_exc()
        message = "The job ran out of memory: give it more (memory_mb under jobs, or MINERVA_JOB_MEMORY_MB)"
        return _error(OUT_OF_MEMORY, f"{message}, or less data.", transient=True)
    except Exception as error:  # noqa: BLE001 - the last frame: whatever it is ends as the job's error
        traceback.print_exc()
        message = f"The job failed unexpectedly ({type(error).__name__}); see the job's log."
        return _error("internal", message)
    if isinstance(done, Parts):
        return {"parts": [asdict(part) for part in done.parts], "message": done.message}
    return {"result": dict(done)}


def _error(
    code: str, message: str, error: MinervaError | None = None, *, transient: bool = False
) -> Told:
    faults = error.faults if error is not None else ()
    listed = [{"where": fault.where, "message": fault.message} for fault in faults]
    return {"error": {"code": code, "message": message, "faults": listed, "transient": transient}}
