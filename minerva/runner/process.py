"""A runner's process: lines in, lines out, each with a limit and a deadline. It outlives nobody."""

from __future__ import annotations

import math
import os
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from minerva.errors import AlgorithmFailed

MAX_LINE = 64 * 1024 * 1024
"""Longest line in bytes, its end not counted; so much of a longer one is read, and no more."""
SHOWN = 200
"""So many characters of a command are enough to recognise it."""
CHUNK = 256 * 1024
END_WAIT_S = 0.5
"""How long a runner that closed its output may take to tell its exit code."""
END_POLL_S = 0.005
"""Between two looks at the exit code: to wait for it would reap the process, see `_exit_code`."""
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR
_WATCH = 'read -r group && { read -r _ || kill -s KILL -- "-$group"; } 2>&-'
"""A shell that waits: a second line is a farewell; the end of input means that we are gone."""


@dataclass(frozen=True)
class Program:
    """What to start: an argument vector, never a shell's line, the folder it runs in, its variables.

    `environment` is added to PATH, LANG, HOME and TMPDIR (an own folder, removed afterwards); nothing
    else of our own environment, which may hold secrets, is handed on.
    """

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    shown: Sequence[str] = ()
    """The command as its author wrote it, for messages."""

    def __str__(self) -> str:
        text = shlex.join(self.shown or self.command)
        return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


class RunnerProcess:
    """A started program. Ends with its process group when closed, collected, or when we end."""

    def __init__(self, program: Program, max_line: int = MAX_LINE) -> None:
        self.program = program
        self._max_line = max_line
        self._buffer = bytearray()
        self._scratch = tempfile.mkdtemp(prefix="minerva-runner-")
        try:
            self._process, watcher = _start(program, self._scratch)
        except (OSError, ValueError) as error:
            shutil.rmtree(self._scratch, ignore_errors=True)
            reason = error.strerror if isinstance(error, OSError) else "it cannot be a command"
            raise AlgorithmFailed(f"Runner `{program}` could not be started: {reason}.") from error
        self._end = weakref.finalize(self, _end, self._process, watcher, self._scratch, os.getpid())
        self._in, self._out = _pipe(self._process.stdin), _pipe(self._process.stdout)
        self._readable, self._both = select.poll(), select.poll()
        self._readable.register(self._out, select.POLLIN)
        self._both.register(self._out, select.POLLIN)
        self._both.register(self._in, select.POLLOUT)

    @property
    def pid(self) -> int:
        """The runner's process, which leads a group of its own."""
        return self._process.pid

    def close(self) -> None:
        """End the program and whatever it started, at once. May be repeated."""
        self._end()

    def ended(self) -> bool:
        """Tell whether the program has closed its output or ended. Costs a system call."""
        if not self._end.alive:
            return True
        return bool(self._readable.poll(0)) and not self._take()

    def wait(self, within_s: float) -> int | None:
        """Return the exit code of a program that ends within the time, else None."""
        deadline = time.monotonic() + within_s
        while (code := self._exit_code()) is None and time.monotonic() < deadline:
            time.sleep(END_POLL_S)
        return code

    def write(self, line: bytes, deadline: float) -> None:
        """Send one line, its end included, until `deadline` (monotonic). Raises AlgorithmFailed."""
        if self._buffer or self._readable.poll(0):
            self._spoke_unasked()
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(self._in, rest) :]
            except BlockingIOError:
                self._wait(self._both, deadline, "did not read a request")
                if self._readable.poll(0):
                    self._spoke_unasked()
            except BrokenPipeError:
                self._tell_end()

    def read(self, deadline: float) -> bytes:
        """Return the next line without its end. Raises AlgorithmFailed."""
        scanned = 0
        while (end := self._buffer.find(b"\n", scanned)) < 0:
            scanned = len(self._buffer)
            self._refuse_long(scanned)
            self._wait(self._readable, deadline, "did not answer")
            if not self._take():
                self._tell_end()
        self._refuse_long(end)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def hang_up(self) -> None:
        """Close the program's input, which asks it to end."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def fail(self, what: str) -> NoReturn:
        """Raise AlgorithmFailed: the runner, and what it did."""
        raise AlgorithmFailed(f"Runner `{self.program}` {what}.")

    def _take(self) -> bool:
        """Read what is there; False at the end of the output."""
        try:
            chunk = os.read(self._out, CHUNK)
        except BlockingIOError:
            return True
        self._buffer += chunk
        return bool(chunk)

    def _wait(self, poll: select.poll, deadline: float, what: str) -> None:
        rest = deadline - time.monotonic()
        if rest <= 0 or not poll.poll(math.ceil(rest * 1000)):
            self.fail(f"{what} in time and was ended")

    def _refuse_long(self, size: int) -> None:
        if size > self._max_line:
            self.fail(f"sent a line of more than {self._max_line} bytes")

    def _spoke_unasked(self) -> NoReturn:
        if not self._buffer and not self._take():
            self._tell_end()
        self.fail("wrote to its standard output without being asked; its log is standard error")

    def _tell_end(self) -> NoReturn:
        code = self.wait(END_WAIT_S)
        if code is None:
            self.fail("closed its standard input or output")
        if code < 0:
            self.fail(f"was ended by signal {-code}")
        self.fail(f"ended with exit code {code}")

    def _exit_code(self) -> int | None:
        """Look without reaping: while its number is taken, its group is certainly its own."""
        if self._process.returncode is not None:
            return self._process.returncode
        told = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if told is None:
            return None
        return told.si_status if told.si_code == os.CLD_EXITED else -told.si_status


def _start(
    program: Program, scratch: str
) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
    """Start the program and what ends it when we are gone."""
    watcher = _watch()
    try:
        process = _spawn(program, scratch)
    except BaseException:
        _dismiss(watcher)
        raise
    os.write(_pipe(watcher.stdin), b"%d\n" % process.pid)
    return process, watcher


def _spawn(program: Program, scratch: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(  # noqa: S603 - running the user's own program is the purpose
        list(program.command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        cwd=program.folder,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": scratch,
            "TMPDIR": scratch,
            **program.environment,
        },
        start_new_session=True,
    )
    for pipe in (process.stdin, process.stdout):
        os.set_blocking(_pipe(pipe), False)
    return process


def _pipe(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise RuntimeError("the runner was started without pipes")
    return pipe.fileno()


def _watch() -> subprocess.Popen[bytes]:
    """Start what will end the program's group even if we are killed; in a session of its own."""
    return subprocess.Popen(  # noqa: S603 - the system's shell, a script of our own
        ["/bin/sh", "-c", _WATCH],
        stdin=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
        env={},
    )


def _dismiss(watcher: subprocess.Popen[bytes], farewell: bytes = b"") -> None:
    pipe = watcher.stdin
    if pipe is not None:
        with suppress(OSError):
            pipe.write(farewell)
        pipe.close()
    watcher.wait()


def _end(
    process: subprocess.Popen[bytes], watcher: subprocess.Popen[bytes], scratch: str, owner: int
) -> None:
    if os.getpid() != owner:  # a forked child holds a copy of the object, not the runner
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    _dismiss(watcher, b"\n")
    shutil.rmtree(scratch, ignore_errors=True)
