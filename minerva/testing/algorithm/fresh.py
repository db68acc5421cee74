"""Asking a fresh process: what it says comes back on a pipe of its own, whatever the plugin prints."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.jobs.process import JobProcess, spawn
from minerva.testing.algorithm.case import Case, Portable
from minerva.testing.verdict import Broken

MODULE = "minerva.testing.algorithm.process"
LAST_LINES = 3
MEND_DEATH = "Look for native code that crashes, for os._exit and for memory beyond what there is."


class Task(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a fresh process is asked to do with a case: retrain, ask, offline, life, read or check."""

    name: str
    case: Portable
    folder: str = ""
    check: str = ""


def ask_fresh(case: Case, task: str, folder: Path | None = None) -> dict[str, NDArray[Any]]:
    """Let a fresh process train or load, and answer. Raises Broken."""
    answers = do_fresh(case, task, folder)["outputs"]
    return {name: np.asarray(column, dtype=float) for name, column in answers.items()}


def do_fresh(case: Case, task: str, folder: Path | None = None) -> dict[str, Any]:
    """Do a task in a fresh process and return what it tells. Raises Broken."""
    spec = Task(name=task, case=case.pack(), folder="" if folder is None else str(folder))
    try:
        return do_task(spec, case.workspace, case.limits.timeout_s)
    except Broken as broken:
        raise Broken(f"In a fresh process: {broken.what}", broken.mend) from broken


def check_elsewhere(case: Case, check: str, environments: Path) -> dict[str, Any]:
    """Do a check where the algorithm's requirements are installed; build that environment first.

    Returns `advice`, or why it is `left_out`. Raises Broken.
    """
    from minerva.layers.abstraction.runtimes.environments import Environments

    built = Environments(environments)
    python = built.python(built.lock(case.algorithm.requirements))
    task = Task(name="check", case=case.pack(), check=check)
    return do_task(task, case.workspace, case.limits.timeout_s, str(python))


def do_task(
    task: msgspec.Struct, folder: Path, timeout_s: float, python: str = sys.executable
) -> dict[str, Any]:
    """Have a fresh process do one of the tasks that `process` knows; return its result. Raises Broken."""
    with tempfile.TemporaryDirectory(prefix="minerva-contract-") as scratch:
        log_file = Path(scratch) / "output"
        with spawn(MODULE, msgspec.json.encode(task), folder, log_file, python=python) as process:
            told = _last(process, timeout_s)
            if told is not None:
                process.wait()  # it ends by itself, in order
                return _result(told)
            code = None if process.running else process.wait()
        raise _ended(code, timeout_s, last_lines(log_file))


def _last(process: JobProcess, timeout_s: float) -> Mapping[str, Any] | None:
    deadline = time.monotonic() + timeout_s
    while process.running and (left := deadline - time.monotonic()) > 0:
        for message in process.messages(left):
            if "result" in message or "broken" in message:
                return message
    return None


def _result(told: Mapping[str, Any]) -> dict[str, Any]:
    if broken := told.get("broken"):
        raise Broken(broken["what"], broken["mend"])
    result: dict[str, Any] = told["result"]
    return result


def _ended(code: int | None, timeout_s: float, printed: str) -> Broken:
    if code is None:
        return Broken(
            f"It was not done within {timeout_s:g} s.",
            "Look for a loop without an end, or a wait for what does not come.",
        )
    return Broken(f"It {death(code)}{printed}.", MEND_DEATH)


def death(code: int) -> str:
    """Say how a process ended, by its exit code."""
    if code >= 0:
        return f"ended with exit code {code}"
    name = str(-code)
    with suppress(ValueError):
        name = signal.Signals(-code).name
    return f"was ended by {name}"


def last_lines(log_file: Path) -> str:
    """Return the last lines that a process printed, for a sentence; nothing, if there are none."""
    with suppress(OSError):
        text = log_file.read_text(encoding="utf-8", errors="replace")
        if lines := [line.strip() for line in text.splitlines() if line.strip()][-LAST_LINES:]:
            return f", saying {' / '.join(lines)!r}"
    return ""
