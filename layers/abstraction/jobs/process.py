"""One attempt's own process: spawned, in a process group of its own, ended with its parent."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

import msgspec

MAX_MESSAGE = 1024 * 1024
KILL_WAIT_S = 5


@dataclass
class JobProcess:
    """A running child. It tells progress and its end as JSON lines on a pipe of its own.

    As a context it ends with the block, however that is left: neither process nor group survives.
    """

    process: subprocess.Popen[bytes]
    channel: int
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _rest: bytes = b""
    _open: bool = field(default=True)

    def __post_init__(self) -> None:
        self._selector.register(self.channel, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def tell(self, spec: bytes) -> bool:
        """Say what to do, once; False: it has died."""
        if self.process.stdin is None:
            raise RuntimeError("the child was started without standard input")
        try:
            self.process.stdin.write(spec + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        return True

    def messages(self, timeout_s: float) -> list[dict[str, Any]]:
        """Return what the child said within `timeout_s`; at once when it says something or ends."""
        if not self._open:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout_s)
            return []
        said = self._selector.select(timeout_s)
        if not said and self.process.poll() is not None:
            # its last word may have come since; what the child started may hold the channel open longer
            said = self._selector.select(0)
            self._open = bool(said)
        if not said:
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

    def end(self) -> None:
        """End it, and close what it was spoken to by."""
        self.kill()
        self._selector.close()
        os.close(self.channel)
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()


def spawn(
    module: str, spec: bytes, workspace: Path, log_file: Path, *, python: str = sys.executable
) -> JobProcess:
    """Start a child whose output goes to `log_file`, and tell it what to do. Raises OSError."""
    log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with log_file.open("a+b") as output:  # a host that prints here shortens it
        child = start([python, "-P", "-m", module], workspace, output)
    child.tell(spec)  # if it died at once, its exit code tells
    return child


def start(
    program: Sequence[str], workspace: Path, output: BinaryIO | int, arguments: Sequence[str] = ()
) -> JobProcess:
    """Run `<program> <channel> <arguments>`, which is then told what to do. Raises OSError.

    What it is told is a line of standard input, which stays open: a child that reads its end knows
    that the parent is gone.
    """
    receive, send = os.pipe()
    try:
        return JobProcess(
            _start([*program, str(send), *arguments], send, workspace, output), receive
        )
    except BaseException:
        os.close(receive)
        raise
    finally:
        os.close(send)


def _start(
    program: Sequence[str], channel: int, workspace: Path, output: BinaryIO | int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        program,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, "MINERVA_WORKSPACE": str(workspace)},
        pass_fds=(channel,),
        start_new_session=True,
    )


def _decode(line: bytes) -> dict[str, Any] | None:
    try:
        message = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    return message if isinstance(message, dict) else None
