"""The process tree of `minerva up`: starts programs, restarts what crashes, leaves nothing behind.

Each program leads a process group of its own, so Ctrl-C in a terminal reaches the supervisor alone,
and whatever a program started can be ended together with it.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import structlog

from minerva.layers.core.processes.lifeline import (
    Guardian,
    alive,
    kill_group,
    signal_at_parents_death,
)

log = structlog.get_logger(layer="core")

Say = Callable[[str], None]
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TURN_S = 0.2
MAX_DEATHS = 5
DEATHS_WITHIN_S = 30.0
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0


@dataclass(frozen=True)
class Program:
    """One member of the tree. `env` is added to our own environment."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    """Asked every turn, quickly, until it says yes; then that is told, once after each start."""


@dataclass
class _Member:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    start_at: float = 0.0
    told_ready: bool = False


class Supervisor:
    """Runs programs until it is told to stop by SIGINT, SIGTERM or SIGHUP."""

    def __init__(
        self,
        programs: Sequence[Program],
        say: Say,
        *,
        graceful_s: float = 30.0,
        first_delay_s: float = FIRST_DELAY_S,
    ) -> None:
        self._members = [_Member(program) for program in programs]
        self._say = say
        self._graceful_s = graceful_s
        self._first_delay_s = first_delay_s
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._before_exec = signal_at_parents_death()

    def run(self) -> int:
        """Return 0 after a requested stop, 1 when a program would not stay up.

        Call it from the main thread: only there may signals be handled, and Linux takes the thread
        that starts a child for its parent.
        """
        before = {number: signal.signal(number, self._note) for number in STOP_SIGNALS}
        try:
            with Guardian(self._graceful_s) as guardian:
                try:
                    return self._keep(guardian)
                finally:
                    self._stop(guardian)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signals.put_nowait(number)

    def _keep(self, guardian: Guardian) -> int:
        while True:
            for member in self._members:
                if not self._look_after(member, guardian):
                    return 1
            try:
                number = self._signals.get(timeout=TURN_S)
            except queue.Empty:
                continue
            log.info("supervisor.stopping", signal=signal.Signals(number).name)
            return 0

    def _look_after(self, member: _Member, guardian: Guardian) -> bool:
        """Start, or notice a death. False if the program will not stay up."""
        if member.process is None:
            if time.monotonic() >= member.start_at:
                self._start(member, guardian)
        elif member.process.poll() is not None:
            return self._bury(member, member.process, guardian)
        elif member.program.ready is not None and not member.told_ready:
            member.told_ready = member.program.ready()
            if member.told_ready:
                self._say(f"{member.program.name} is ready")
        return True

    def _start(self, member: _Member, guardian: Guardian) -> None:
        program = member.program
        member.process = subprocess.Popen(  # noqa: S603 - argv comes from our own command line
            program.argv,
            env={**os.environ, **program.env},
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=self._before_exec,  # noqa: PLW1509 - we run no other thread
        )
        member.told_ready = False
        guardian.watch(member.process.pid)
        log.info("program.started", program=program.name, pid=member.process.pid)
        self._say(f"{program.name} started (pid {member.process.pid})")

    def _bury(self, member: _Member, process: subprocess.Popen[bytes], guardian: Guardian) -> bool:
        kill_group(process.pid)  # what a crashed program left would hold its port or its locks
        guardian.forget(process.pid)
        member.process = None
        now = time.monotonic()
        member.deaths = [at for at in member.deaths if now - at < DEATHS_WITHIN_S] + [now]
        how = _how(process.returncode)
        name = member.program.name
        log.error("program.died", program=name, pid=process.pid, how=how)
        if len(member.deaths) >= MAX_DEATHS:
            self._say(
                f"{name} {how}, the {MAX_DEATHS}th time within {DEATHS_WITHIN_S:.0f} seconds: "
                "giving up. The log says why; `minerva doctor` may help."
            )
            return False
        delay = min(self._first_delay_s * 2 ** (len(member.deaths) - 1), LONGEST_DELAY_S)
        member.start_at = now + delay
        self._say(f"{name} {how}; starting it again in {delay:g} s")
        return True

    def _stop(self, guardian: Guardian) -> None:
        running = [
            (member.program.name, member.process)
            for member in self._members
            if member.process is not None
        ]
        for name, process in running:
            self._say(f"{name} stops (pid {process.pid})")
            with_term = process.poll() is None
            if with_term:
                process.terminate()
        self._wait_for([process for _, process in running])
        for name, process in running:
            if process.poll() is None or alive(process.pid):
                kill_group(process.pid)
            process.wait()
            guardian.forget(process.pid)
            log.info("program.stopped", program=name, how=_how(process.returncode))
            self._say(f"{name} {_how(process.returncode)}")

    def _wait_for(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        """Wait for all to end, at most `graceful_s`, or until we are told to stop once more."""
        deadline = time.monotonic() + self._graceful_s
        while time.monotonic() < deadline and any(p.poll() is None for p in processes):
            try:
                number = self._signals.get(timeout=TURN_S / 4)
            except queue.Empty:
                continue
            self._say(f"{signal.Signals(number).name} again: killing what is left")
            return


def _how(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return "ended" if code == 0 else f"failed with exit code {code}"
