"""The processes of the demo: each in a group of its own, none of them outlives it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from demo.patience import Patience
from demo.plan import Plan
from demo.trouble import DemoError

GRACE_S = 40.0
"""How long a part may take to end by itself."""
LAST_LINES = 15
TURN_S = 0.25


@dataclass(frozen=True)
class Part:
    """A running part; its process leads a group."""

    name: str
    process: subprocess.Popen[bytes]
    output: Path


class Parts:
    """Starts parts and stops them all on the way out, whatever the reason is."""

    def __init__(self, plan: Plan, patience: Patience) -> None:
        self._plan = plan
        self._patience = patience
        self._parts: list[Part] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, arguments: Sequence[str]) -> None:
        """Start a program in the repository's folder; what it says goes to `<state>/<name>.out`."""
        self._patience.check()
        output = self._plan.state / f"{name}.out"
        with output.open("wb") as file:
            process = subprocess.Popen(
                arguments,
                cwd=self._plan.repository,
                env=self._plan.parts_environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C at the terminal is ours to pass on, in order
                preexec_fn=_end_with_parent(),  # noqa: PLW1509 - no thread runs yet
            )
        self._parts.append(Part(name, process, output))

    def wait_until(self, condition: Callable[[], bool], what: str, within_s: float) -> None:
        """Wait while all parts live. Raises DemoError or StopAskedError."""
        deadline = time.monotonic() + within_s
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(f"{what} did not happen within {within_s:.0f} seconds.")
            self._patience.pause(TURN_S)

    def watch(self) -> None:
        """Wait until somebody asks to stop (StopAskedError) or a part ends (DemoError)."""
        while True:
            self.check()
            self._patience.pause(TURN_S)

    def check(self) -> None:
        """Raise DemoError with a part's last words if it ended by itself."""
        for part in self._parts:
            code = part.process.poll()
            if code is not None:
                raise DemoError(
                    f"The {part.name} ended by itself with code {code}. "
                    f"The end of {part.output}:\n{_tail(part.output)}"
                )

    def stop(self) -> None:
        """End all parts: politely, and after a while by force, together with their children."""
        for part in self._parts:
            with suppress(ProcessLookupError):
                part.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for part in self._parts:
            with suppress(subprocess.TimeoutExpired):
                part.process.wait(max(0.0, deadline - time.monotonic()))
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(part.process.pid, signal.SIGKILL)
            part.process.wait()
        self._parts.clear()


def _tail(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-LAST_LINES:])


def _end_with_parent() -> Callable[[], None] | None:
    """Return what a child runs first: the kernel shall end it politely if the demo itself is killed.

    Prepared here, because importing between fork and exec may hang.
    """
    if sys.platform != "linux":
        return None
    set_option, death_signal = ctypes.CDLL(None).prctl, 1  # PR_SET_PDEATHSIG, prctl(2)

    def ask_the_kernel() -> None:
        set_option(death_signal, signal.SIGTERM, 0, 0, 0)

    return ask_the_kernel
