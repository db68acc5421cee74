"""A flow's volume: a folder for the files of each request, and one that all requests share."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from threading import Lock

from minerva.errors import InvalidInput, Unavailable
from minerva.layers.abstraction.flows.shared_folder import MEGABYTE, SharedFolder
from minerva.step import Volume

REQUESTS, SHARED = "requests", "shared"
_RUN = re.compile(r"[0-9a-f]{8,64}")
_KEPT = re.compile(r"[^A-Za-z0-9._-]")
LONGEST = 120
MOST_OF_A_NAME = 1_000_000


@dataclass
class RequestVolume:
    """The files of one request; the folder is made when the first is written."""

    root: Path
    """The flow's own folder."""
    run: str
    quota_mb: int
    common: SharedFolder | None = None
    """What `shared` gives; None: bounded as if nothing were declared."""
    _used: int = 0
    _taken: dict[str, int] = field(default_factory=dict)
    """Name → how many files were asked to be called so."""
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Refuse what is no name of a run: others may send one."""
        if not _RUN.fullmatch(self.run):
            raise InvalidInput("The run that is named is none.")

    @property
    def folder(self) -> Path:
        """Where the request's files are."""
        return self.root / REQUESTS / self.run

    @property
    def shared(self) -> Path:
        """The folder that all requests share. Raises Unavailable if it holds more than it may."""
        return (self.common or SharedFolder(self.root / SHARED)).open()

    def write(self, name: str, content: bytes) -> str:
        """Keep a file under its name, or one like it. Raises Unavailable, InvalidInput."""
        plain = _plain(name)
        with self._lock:
            if self._used + len(content) > self.quota_mb * MEGABYTE:
                raise Unavailable(
                    f"The files of this request need more than {self.quota_mb} MB "
                    "(volume.quota_mb of the flow)."
                )
            self._used += len(content)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return self._written(plain, content)
        except OSError as error:
            raise Unavailable(f"The volume cannot be written ({error.strerror}).") from error

    def path(self, name: str) -> Path:
        """Return where a file is. Raises InvalidInput if there is none."""
        found = self.folder / _plain(name)
        if found.name != name or found.is_symlink() or not found.is_file():
            raise InvalidInput("There is no file of this name in the request's volume.")
        return found

    def remove(self) -> None:
        """Remove the request's files."""
        if self.folder.exists():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _written(self, plain: str, content: bytes) -> str:
        stem, dot, suffix = plain.rpartition(".")
        with self._lock:
            first = self._taken.get(plain, 0)
            self._taken[plain] = first + 1
        for number in range(first, first + MOST_OF_A_NAME):
            name = plain if not number else f"{stem or plain}-{number}{dot}{suffix if stem else ''}"
            with suppress(FileExistsError), (self.folder / name).open("xb") as file:
                file.write(content)
                return name
        raise Unavailable("The volume holds too many files of one name.")


@dataclass
class StepVolume:
    """The volume as one call of a step sees it, so that the step that fills the shared folder is named."""

    volume: Volume
    _asked: bool = False

    def write(self, name: str, content: bytes) -> str:
        """See `Volume`."""
        return self.volume.write(name, content)

    def path(self, name: str) -> Path:
        """See `Volume`."""
        return self.volume.path(name)

    @property
    def shared(self) -> Path:
        """See `Volume`."""
        self._asked = True
        return self.volume.shared

    def check(self) -> None:
        """Raise Unavailable if the step had the shared folder, and it holds more than it may now."""
        if self._asked:
            _ = self.volume.shared


def sweep(root: Path, keep_s: float, now: float | None = None) -> int:
    """Remove the files of requests that are older than `keep_s`; return of how many."""
    before = (time.time() if now is None else now) - keep_s
    removed = 0
    for folder in (root / REQUESTS).glob("*"):
        with suppress(OSError):  # another process may remove it at the same time
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder)
                removed += 1
    return removed


def _plain(name: str) -> str:
    """Return a name as it may stand in a folder: what else it holds becomes `_`."""
    last = _KEPT.sub("_", PurePosixPath(name).name).lstrip(".")[-LONGEST:]
    if not last:
        raise InvalidInput("A file of the volume has no usable name.")
    return last
