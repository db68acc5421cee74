"""Eyes inside a fresh process: which calls reach the network, which files are written, how much memory."""

from __future__ import annotations

import os
import resource
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from minerva.testing.verdict import is_below

MB = 1024 * 1024
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
TALKS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"}
CHANGES: Mapping[str, list[tuple[int, int | None]]] = {
    "os.mkdir": [(0, 2)], "os.remove": [(0, 1)], "os.rmdir": [(0, 1)], "os.symlink": [(1, 2)],
    "os.rename": [(0, 2), (1, 3)], "os.link": [(1, 3)], "os.truncate": [(0, None)],
    "sqlite3.connect": [(0, None)],
}  # fmt: skip
"""Audit event → which of its arguments are paths that change, and the open folder each is below."""
NO_FILES = (Path("/dev"), Path("/proc"))
MOST = 20


@dataclass
class Watch:
    """An audit hook that looks while a phase is on. A hook cannot be taken away: one per process."""

    home: Path | None
    """The plugin's file or folder; a line of it is named."""
    refuse_network: bool = False
    phase: str = ""
    allowed: tuple[Path, ...] = ()
    calls: list[dict[str, str]] = field(default_factory=list)
    writes: list[dict[str, str]] = field(default_factory=list)
    _looking: bool = False

    def start(self) -> None:
        """Begin; it ends with the process."""
        sys.addaudithook(self._hear)

    @contextmanager
    def during(self, phase: str, *allowed: Path) -> Iterator[None]:
        """Look for as long as a phase lasts; below `allowed` it may write."""
        self.phase, self.allowed = phase, tuple(path.resolve() for path in allowed)
        try:
            yield
        finally:
            self.phase = ""

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.phase or self._looking:
            return
        self._looking = True  # what looking itself does is not the plugin's doing
        try:
            if self.refuse_network:
                self._hear_network(event, arguments)
            else:
                self._hear_writing(event, arguments)
        finally:
            self._looking = False

    def _hear_network(self, event: str, arguments: tuple[Any, ...]) -> None:
        reached = _reached(event, arguments)
        if reached is None:
            return
        self._note(self.calls, call=f"{event}({reached})")
        raise PermissionError(f"The network is refused here: {event}.")

    def _hear_writing(self, event: str, arguments: tuple[Any, ...]) -> None:
        for path in _written(event, arguments):
            if not any(is_below(path, root) for root in (*NO_FILES, *self.allowed)):
                self._note(self.writes, path=path)

    def _note(self, notes: list[dict[str, str]], **fact: str) -> None:
        if len(notes) < MOST:
            notes.append({"phase": self.phase, "where": _line(self.home), **fact})


def _reached(event: str, arguments: tuple[Any, ...]) -> str | None:
    """Return whom a call would reach over the network; None: nobody."""
    if event in NAMES:
        return repr(arguments[0])
    if event in TALKS and arguments[0].family in {socket.AF_INET, socket.AF_INET6}:
        return repr(arguments[1])
    return None


def _written(event: str, arguments: tuple[Any, ...]) -> Sequence[str]:
    """Return the absolute paths that a call would change."""
    changes = CHANGES.get(event, [])
    if event == "open" and int(arguments[2] or 0) & WRITING:
        changes = [(0, None)]
    return [
        os.path.realpath(_folder(None if folder is None else arguments[folder]) / os.fsdecode(path))
        for at, folder in changes
        if isinstance(path := arguments[at], str | bytes | os.PathLike)
    ]


def _folder(descriptor: int | None) -> Path:
    """Return the folder that a relative path is below; shutil.rmtree has it open."""
    if descriptor is None or descriptor < 0:
        return Path.cwd()
    try:
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    except OSError:  # no Linux: nobody is blamed where nobody can tell
        return Path(os.devnull)


def _line(home: Path | None) -> str:
    """Return which line of the plugin is being run."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to the callers; inspect.stack reads every file
    while frame is not None and home is not None:
        if is_below(frame.f_code.co_filename, home):
            return f" at {Path(frame.f_code.co_filename).name}, line {frame.f_lineno}"
        frame = frame.f_back
    return ""


def resident_mb() -> float:
    """Return the memory that this process holds; its peak where the system does not tell."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        pages = int(statm.read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() / MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB


def limit_memory(more_mb: int) -> None:
    """Let this process take so much more memory than it has."""
    status = Path("/proc/self/status")
    if not status.exists():
        return
    lines = status.read_text(encoding="ascii").splitlines()
    taken = next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))
    limit = taken * 1024 + more_mb * MB
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(
        resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard)
    )
