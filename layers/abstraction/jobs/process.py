"""One attempt's own process: spawned, in a process group of its own, ended with its parent."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

MAX_MESSAGE = 1024 * 1024
KILL_WAIT_S = 5


@dataclass
class JobProcess:
    """A running child. It tells progress and its end as JSON lines on a pipe of its own."""

    process: subprocess.Popen[bytes]
    channel: int
    _selector: selectors.BaseSelector
    _rest: bytes = b""
    _open: bool = field(default=True)

    def messages(self, timeout_s: float) -> list[dict[str, Any]]:
        """Return what the child said within `timeout_s`; at once when it says something or ends."""
        if not self._open:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout_s)
            return []
        if not self._selector.select(timeout_s):
            # what the child started may hold the channel open longer than the child lives
            self._open = self.process.poll() is None
            return []
        read = os.read(self.channel, 65536)
        if not read:
            self._open = False
            return []
        *lines, self._rest = (self._rest + read).split(b"\n")
        self._rest = self._rest[-MAX_MESSAGE:]
        return [message for line in lines if (message := _decode(line)) is not None]

    @property
    def running(self) -> bool:
        """Whether there is more to come: the channel is open, or the process is alive."""
        return self._open or self.process.poll() is None

    def wait(self) -> int:
        """Return the exit code (negative: the signal that ended it) of a child that told its end."""
        try:
            return self.process.wait(KILL_WAIT_S)
        except subprocess.TimeoutExpired:  # a thread of the plugin's keeps it from ending
            self.kill()
            return self.process.wait()

    def kill(self) -> None:
        """End the child and whatever it started."""
        with suppress(
            ProcessLookupError, PermissionError
        ):  # the latter: macOS, of a group that ended
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def spawn(
    module: str, spec: bytes, workspace: Path, log_file: Path, *, python: str = sys.executable
) -> Iterator[JobProcess]:
    """Run `python -m module <channel>`; `spec` is its first line of standard input.

    Raises OSError if it cannot be started.

    Standard input stays open: a child that reads its end knows that the parent is gone. Output goes
    to `log_file`. However the block is left, neither process nor group survives it.
    """
    log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        output = stack.enter_context(log_file.open("a+b"))  # a host that prints here shortens it
        selector = stack.enter_context(selectors.DefaultSelector())
        receive, send = os.pipe()
        stack.callback(os.close, receive)
        try:
            process = _start([python, "-P", "-m", module], send, workspace, output)
        finally:
            os.close(send)
        selector.register(receive, selectors.EVENT_READ)
        child = JobProcess(process, receive, selector)
        stack.callback(_close, process)
        stack.callback(child.kill)
        _tell(process, spec)
        yield child


def _start(
    program: list[str], channel: int, workspace: Path, output: BinaryIO
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*program, str(channel)],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, "MINERVA_WORKSPACE": str(workspace)},
        pass_fds=(channel,),
        start_new_session=True,
    )


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()


def _tell(process: subprocess.Popen[bytes], spec: bytes) -> None:
    if process.stdin is None:
        raise RuntimeError("the child was started without standard input")
    with suppress(BrokenPipeError):  # it died at once; its exit code tells
        process.stdin.write(spec + b"\n")
        process.stdin.flush()


def _decode(line: bytes) -> dict[str, Any] | None:
    try:
        message = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    return message if isinstance(message, dict) else None
