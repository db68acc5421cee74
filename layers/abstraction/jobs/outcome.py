"""What an attempt came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.kind import Parts

OUT_OF_MEMORY = "out_of_memory"


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. QUEUED: it may be tried again; RUNNING: it waits for its parts."""

    state: JobState
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    parts: Parts | None = None
    counts: bool = True
    """False: it was not the job's fault."""


def passing(code: str, message: str) -> Outcome:
    """Return the outcome of what may go better the next time."""
    return Outcome(JobState.QUEUED, error=_error(code, message))


def failed(code: str, message: str, faults: Sequence[Any] = ()) -> Outcome:
    """Return the outcome of what would end the same way again."""
    return Outcome(JobState.FAILED, error=_error(code, message, faults))


def interrupted() -> Outcome:
    """Return the outcome of an attempt whose worker was told to stop."""
    error = _error("worker_stopped", "The worker was stopped.")
    return Outcome(JobState.QUEUED, error=error, counts=False)


def ended_silently(code: int) -> Outcome:
    """Return the outcome of a process that ended without a word; negative codes are signals."""
    if code < 0:
        text = f"The job's process was ended by signal {-code}; out of memory is a usual cause."
    else:
        text = f"The job's process ended with code {code} and no result; see the job's log."
    return passing("process_ended", text)


def out_of_memory_again(outcome: Outcome, before: dict[str, Any] | None) -> bool:
    """Tell whether memory ran out in this attempt and in the one before: once may be bad luck."""
    codes = [(error or {}).get("code") for error in (outcome.error, before)]
    return codes == [OUT_OF_MEMORY, OUT_OF_MEMORY]


def _error(code: str, message: str, faults: Sequence[Any] = ()) -> dict[str, Any]:
    return {"code": code, "message": message, "faults": list(faults)}
