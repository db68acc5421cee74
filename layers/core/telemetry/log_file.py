"""Where log lines go: a file that several processes append to, or standard output."""

from __future__ import annotations

import os
import select
import sys
import threading
from pathlib import Path
from typing import Protocol

from minerva.errors import InvalidConfiguration


class Sink(Protocol):
    """Takes whole lines."""

    @property
    def at_once(self) -> int:
        """So many bytes are written without a line of another process between them."""

    def write(self, line: bytes) -> None:
        """Write lines, newlines included. Never raises: logging must not break what it tells of."""

    def write_now(self, line: bytes) -> None:
        """Write lines so that they outlive a crash of this process."""


class LogFile:
    """Appends to `path`; lines that come together are one write, so processes may share the file.

    A file that was moved away or deleted by rotation is made anew at the next line.
    """

    at_once = 1 << 20

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor, self._identity = _open(path)
        except OSError as error:
            raise InvalidConfiguration(
                f"The log file {path} cannot be written ({error.strerror}): "
                "make its folder writable, or set MINERVA_LOG_FOLDER."
            ) from error

    def write(self, line: bytes) -> None:
        """Append lines; a full disk or a folder that is gone sends them to standard error."""
        try:
            self._follow_rotation()
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError:
            _last_resort(line)

    write_now = write

    def close(self) -> None:
        """Close the file; nothing may be written afterwards."""
        os.close(self._descriptor)

    def _follow_rotation(self) -> None:
        try:
            status = self.path.stat()
            if (status.st_dev, status.st_ino) == self._identity:
                return
        except FileNotFoundError:
            pass
        with self._lock:
            descriptor, identity = _open(self.path)
            if identity == self._identity:  # another thread was first
                os.close(descriptor)
                return
            # dup2 swaps the file under the number that other threads are about to write to
            os.dup2(descriptor, self._descriptor, inheritable=False)
            os.close(descriptor)
            self._identity = identity


class StandardOutput:
    """Lines for a container's log collector."""

    at_once = select.PIPE_BUF

    def write(self, line: bytes) -> None:
        """Write and flush; a closed pipe is not our caller's problem."""
        try:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
        except (OSError, ValueError):
            _last_resort(line)

    write_now = write


def _open(path: Path) -> tuple[int, tuple[int, int]]:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    status = os.fstat(descriptor)
    return descriptor, (status.st_dev, status.st_ino)


def _last_resort(line: bytes) -> None:
    try:
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
    except (OSError, ValueError, AttributeError):
        return
