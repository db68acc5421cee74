"""Processes that were started before there was a job for them: it finds them at work at once.

Most of a short job would be Python, our own modules and their libraries, being loaded. A spare has
all that behind it and waits for the first line of its standard input; settings, plugins and the
database come after it, as in any job. It is used for one attempt, as every process is. Large libraries
are loaded only once a job of the worker had use for them: a worker of small jobs keeps small spares.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Timer

import structlog

from minerva.layers.abstraction.jobs.process import JobProcess, spawn, start

log = structlog.get_logger()

STANDARD_ERROR = 2
PATIENCE_S = 5.0
INSTALLED = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Spare:
    """A process that waits, and what it was started with."""

    process: JobProcess
    surroundings: object

    def usable(self) -> bool:
        """Whether it is what a process started now would be."""
        return self.process.process.poll() is None and self.surroundings == _surroundings()


@dataclass
class Spares:
    """The processes of one worker's jobs: spares if there are any, else new ones.

    Safe to be used from several threads at once: each spare is taken by one.
    """

    module: str
    workspace: Path
    size: int
    libraries: frozenset[str] = frozenset()
    """What jobs of this worker had imported: later spares do so before they have a job."""
    _kept: bool = False
    _waiting: deque[Spare] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep spares for as long as the block lasts; nobody else does."""
        self._kept = True
        self._fill()
        try:
            yield
        finally:
            with self._lock:
                self._kept = False
            while (spare := self._next()) is not None:
                spare.process.end()

    @contextmanager
    def at_work(self, spec: bytes, log_file: Path) -> Iterator[JobProcess]:
        """Put a process to work, which prints to `log_file`. Raises OSError.

        The next spare does not slow down a job that is soon over, nor wait for one that is not.
        """
        told = self._told(spec)
        filling = Timer(PATIENCE_S, self._fill)
        try:
            with told or spawn(self.module, spec, self.workspace, log_file) as process:
                filling.start()
                yield process
        finally:
            filling.cancel()
            self._fill()

    def _told(self, spec: bytes) -> JobProcess | None:
        while (spare := self._next()) is not None:
            if spare.usable() and spare.process.tell(spec):
                return spare.process
            spare.process.end()
        return None

    def _next(self) -> Spare | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _fill(self) -> None:
        with self._lock:
            while self._kept and len(self._waiting) < self.size:
                try:
                    self._waiting.append(self._start())
                except OSError as error:  # the job itself will say so, if that is still so then
                    log.warning("spare.not_started", reason=error.strerror)
                    return

    def _start(self) -> Spare:
        surroundings = _surroundings()
        program = [sys.executable, "-P", "-m", self.module]
        process = start(program, self.workspace, STANDARD_ERROR, sorted(self.libraries))
        return Spare(process, surroundings)


def _surroundings() -> object:
    """Return what changes when a new process would be another one: a variable, or what is installed.

    Installing, upgrading or removing a package changes the folder that it is in. Other folders on the
    path, a project's own, change whenever anything is written beside the code.
    """
    folders = [folder for folder in map(Path, sys.path) if folder.name in INSTALLED]
    changed = [folder.stat().st_mtime_ns for folder in folders if folder.is_dir()]
    return dict(os.environ), changed
