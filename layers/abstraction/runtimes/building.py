"""One run of an installer: alone at its place, into a log that is kept, its failure told in a sentence."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from minerva.errors import InvalidConfiguration, MinervaError, Unavailable

LIMIT_S = 1800
POLL_S = 0.02
"""Between two tries to take a lock: `flock` itself knows no time to give up."""
LONGEST_REASON = 300
_QUIET = {"NO_COLOR": "1", "PIP_USER": "0", "PIP_NO_COLOR": "1"}
_TELLING = re.compile(r"^\s*(error|cause|caused by)\b[:\s]*", re.IGNORECASE)
_ADDRESS = re.compile(r"\S*://\S+|host='[^']*'|\S+@\S+")
_TRANSIENT = re.compile(
    r"connection broken|connection refused|connection reset|connect error|failed to fetch|"
    r"timed out|timeout|name resolution|dns error|proxyerror|sslerror|certificate verify|"
    r"\b50[0-4] (server|bad|service|gateway)|max retries|no space left|disk quota|read-only file",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Build:
    """Runs an installer's programs; they hold the lock too, so a build outlives no one's patience."""

    log_file: Path
    held: int
    """The lock's descriptor. The programs inherit it: if we are killed, the next builder waits for
    them instead of building into the same folder."""
    environ: Mapping[str, str]
    limit_s: float = LIMIT_S

    def run(self, command: Sequence[str]) -> str:
        """Satisfy `installers.Run`."""
        with os.fdopen(_private(self.log_file), "ab") as output:
            began = output.tell()
            printed, code = self._run(command, output.fileno())
            if code == 0:
                output.write(printed)
                return printed.decode(errors="replace")
        raise self._failure(began, code)

    def _run(self, command: Sequence[str], output: int) -> tuple[bytes, int]:
        process = subprocess.Popen(  # noqa: S603 - no shell, and requirements are in a file
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            env={**self.environ, **_QUIET},
            pass_fds=(self.held,),
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=self.limit_s)
        except BaseException as error:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Unavailable(
                    f"An environment took longer than {self.limit_s:g} s to build; "
                    f"its log: {self.log_file}.",
                    retry_after_s=30,
                ) from error
            raise
        return printed, process.returncode

    def _failure(self, began: int, code: int) -> MinervaError:
        text = self.log_file.read_bytes()[began:].decode(errors="replace")
        if code < 0:
            ended = f"it was ended by {signal.Signals(-code).name}"
            message = f"An environment could not be built: {ended}; its log: {self.log_file}."
            return Unavailable(message, retry_after_s=30)
        message = f"An environment could not be built: {_reason(text)}; its log: {self.log_file}."
        if _TRANSIENT.search(text):
            return Unavailable(message, retry_after_s=30)
        return InvalidConfiguration(message)


def _reason(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.match(line)] or lines or ["it told nothing"]
    plain = _TELLING.sub("", telling[-1]).strip().rstrip(".")
    return _ADDRESS.sub("(address)", plain)[:LONGEST_REASON]


def _private(file: Path) -> int:
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


@contextmanager
def locked(file: Path, patience_s: float | None = None) -> Iterator[int]:
    """Wait until nobody else holds the lock, in this process or another; yield its descriptor.

    Raises Unavailable if that takes longer than `patience_s`.
    """
    held = _open(file)
    try:
        if patience_s is None:
            fcntl.flock(held, fcntl.LOCK_EX)
        else:
            _take(held, file, time.monotonic() + patience_s)
        yield held
    finally:
        os.close(held)


def _take(held: int, file: Path, until: float) -> None:
    while not _taken(held):
        if time.monotonic() > until:
            raise Unavailable(f"{file} is held by another process for too long.")
        time.sleep(POLL_S)


@contextmanager
def locked_at_once(file: Path) -> Iterator[bool]:
    """Hold the lock if it is free, and tell whether it was."""
    held = _open(file)
    try:
        yield _taken(held)
    finally:
        os.close(held)


def _taken(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(file: Path) -> int:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(
            f"{file} cannot be opened: {error.strerror}.", retry_after_s=30
        ) from error
