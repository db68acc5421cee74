"""Taking a model file into the workspace: copied, named by its content, and gone again on any failure."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from minerva.errors import InvalidConfiguration, InvalidData, NotFound, Unavailable
from minerva.layers.abstraction.trust.unpacking import copy_tree, unpack

MODELS = "models"
MAX_BYTES = 16 * 1024**3
MAX_FILES = 10_000
DIGITS = 12
CHUNK = 1024 * 1024


@dataclass
class Intake:
    """A copy that is in the workspace for as long as nobody refuses it."""

    path: Path
    """The file or folder, in a folder of its own below `models/`."""
    _home: Path
    """The folder that holds it."""
    _service: Path
    _settled: Path | None = None

    def open_archive(self) -> None:
        """Unpack what is an archive; the one folder or file at its top is then the model."""
        inside = self._home.with_name(f"{self._home.name}-unpacked")
        unpack(self.path, inside, max_bytes=MAX_BYTES, max_files=MAX_FILES)
        shutil.rmtree(self._home)
        inside.replace(self._home)
        found = list(self._home.iterdir())
        if len(found) == 1:
            self.path = found[0]
            return
        whole = self._home / self.path.name.partition(".")[0]
        with tempfile.TemporaryDirectory(dir=self._home.parent, prefix=".import-") as other:
            for one in found:
                one.rename(Path(other) / one.name)
            shutil.copytree(other, whole)
        self.path = whole

    @property
    def destination(self) -> Path:
        """Where it will stay, named by its content."""
        return self._service / digest(self.path)[:DIGITS] / self.path.name

    def settle(self) -> Path:
        """Move it to its destination; return that."""
        there = self.destination
        target = there.parent
        if there.exists() and digest(there) == digest(self.path):
            return there
        with suppress(FileNotFoundError):
            shutil.rmtree(target)
        self._service.mkdir(parents=True, exist_ok=True)
        self._home.replace(target)
        self._settled = target
        self.path = there
        return there

    def withdraw(self) -> None:
        """Take back what `settle` put there."""
        if self._settled is not None:
            shutil.rmtree(self._settled, ignore_errors=True)
            with suppress(OSError):  # other imports are in it
                self._service.rmdir()


@contextmanager
def taken_in(source: Path, workspace: Path, service: str) -> Iterator[Intake]:
    """Copy a file or folder into the workspace; what is not settled when the block ends is removed.

    If the block fails, nothing is left at all. Raises NotFound, InvalidData for links and the like,
    and Unavailable if the disk is in the way.
    """
    models = workspace / MODELS
    made = not models.exists()
    home = models / f".import-{os.getpid()}"
    intake = Intake(home / source.resolve().name, home, models / service)
    try:
        try:
            _copy(source, intake.path)
            yield intake
        except OSError as error:
            raise Unavailable(f"{models} cannot be written: {error.strerror}.") from error
        except BaseException:
            intake.withdraw()
            raise
    finally:
        for left in models.glob(f"{home.name}*"):
            shutil.rmtree(left, ignore_errors=True)
        if made:
            with suppress(OSError):  # something was settled
                models.rmdir()


def is_archive(path: Path) -> bool:
    """Whether the file is a zip or tar archive."""
    return path.is_file() and (zipfile.is_zipfile(path) or tarfile.is_tarfile(path))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a folder with their names."""
    if path.is_file():
        return _of_file(path)
    files = sorted(one for one in path.rglob("*") if one.is_file())
    lines = [f"{one.relative_to(path).as_posix()}\0{_of_file(one)}\n" for one in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        raise NotFound(f"There is no file or folder {source}.")
    if source.is_dir():
        target.parent.mkdir(parents=True)
        copy_tree(source.resolve(), target, max_bytes=MAX_BYTES)
        return
    if not source.is_file():
        raise InvalidData(f"{source.name} is neither a file nor a folder.")
    if not os.access(source, os.R_OK):
        raise InvalidConfiguration(f"{source} cannot be read: check its permissions.")
    if source.stat().st_size > MAX_BYTES:
        raise InvalidData(f"{source.name} has more than {MAX_BYTES:,} bytes.")
    target.parent.mkdir(parents=True)
    shutil.copyfile(source, target)
