"""A model's process that belongs to this process alone, and its scratch folder."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from minerva.errors import AlgorithmFailed, MinervaError, Unavailable
from minerva.layers.abstraction.runtimes.building import locked, locked_at_once
from minerva.layers.abstraction.runtimes.connection import Troubled
from minerva.layers.abstraction.runtimes.deaths import how
from minerva.layers.abstraction.runtimes.keeper_protocol import START_LIMIT_S
from minerva.layers.abstraction.runtimes.launch import launch
from minerva.layers.abstraction.runtimes.places import HOST_SOCKET, run_folder
from minerva.layers.abstraction.runtimes.spec import HostSpec

PREFIX = "p-"
DYING_S = 2.0
"""Between the end of a connection and the end of its process."""


class PrivateHost:
    """Started and ready; ends by `end`, when its model is collected, or with this process."""

    def __init__(
        self,
        state: Path,
        python: Path,
        spec_of: Callable[[Path, str], HostSpec],
        log_file: Path | None,
    ) -> None:
        """Raise what it fails to start with."""
        folder = run_folder(state)
        _sweep(folder)
        self._pid = os.getpid()
        with ExitStack() as undo:
            self.scratch = undo.enter_context(_scratch(folder))
            spec = spec_of(self.scratch, str(self.scratch / HOST_SOCKET))
            self.socket = spec.socket
            self._algorithm = spec.algorithm
            self._process = launch(python, spec, log_file)
            undo.callback(self._process.kill)
            self.explains = self._process.ready(START_LIMIT_S).explains
            self._undo = undo.pop_all()

    def end(self) -> None:
        """End it, with all that it started and wrote; may be called again."""
        if self._pid == os.getpid():  # a fork's copy of a model is not the owner
            self._undo.close()

    def find(self) -> str:
        """Satisfy `hosted.Find`; nobody starts a private process again."""
        if not self._process.running:
            raise self._ended("was last asked")
        return self.socket

    @contextmanager
    def ending_told(self, doing: str) -> Iterator[None]:
        """Say how the process ended if that is why the block failed."""
        try:
            yield
        except MinervaError as error:
            if isinstance(error.__cause__, Troubled | OSError):  # not what the plugin raised
                with suppress(subprocess.TimeoutExpired):
                    self._process.process.wait(DYING_S)
            if self._process.running:
                raise
            raise self._ended(doing) from error

    def _ended(self, doing: str) -> AlgorithmFailed:
        return AlgorithmFailed(
            f"The process of algorithm {self._algorithm} {how(self._process)} while it {doing}; "
            "its log may say why."
        )


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Make a folder that is removed afterwards, and by the next one's owner if we are killed."""
    scratch = folder / f"{PREFIX}{secrets.token_hex(5)}"
    lock = scratch.with_suffix(".lock")
    with locked(lock):
        try:
            scratch.mkdir(mode=0o700)
        except OSError as error:
            raise Unavailable(f"{scratch} cannot be made: {error.strerror}.") from error
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            lock.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what killed processes left."""
    for lock in folder.glob(f"{PREFIX}*.lock"):
        with locked_at_once(lock) as free:
            if free:
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
