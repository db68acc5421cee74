"""Whole uploads beside the artefacts: in a local folder, or at any fsspec URL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from minerva.adapters.artefacts.opening import open_filesystem
from minerva.errors import MinervaError, NotFound, Unavailable

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from minerva.layers.abstraction.uploads.store import Finished

FOLDER = "uploads"


def open_finished(artefacts_url: str) -> Finished:
    """Return where whole uploads are kept; nothing is read or created yet."""
    if "://" not in artefacts_url:
        return LocalFinished(Path(artefacts_url) / FOLDER)
    filesystem, root = open_filesystem(artefacts_url)
    if filesystem is None:
        return LocalFinished(Path(root) / FOLDER)
    return RemoteFinished(filesystem, f"{root.rstrip('/')}/{FOLDER}")


class LocalFinished:
    """Keeps each upload as a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, upload_id: str, path: Path) -> None:
        """See the port. The staged file becomes it where both are on one file system."""
        draft = self._folder / f".{upload_id}"
        with _translated("kept"):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.unlink(missing_ok=True)
            try:
                os.link(path, draft)
            except OSError:  # another file system, or one without links
                shutil.copyfile(path, draft)
                _sync(draft)
            draft.replace(self._folder / upload_id)
            _sync(self._folder)

    def fetch(self, upload_id: str, _folder: Path) -> Path:
        """See the port: it is the file itself."""
        path = self._folder / upload_id
        if not path.is_file():
            raise _gone()
        return path

    def remove(self, upload_id: str) -> None:
        """See the port."""
        with _translated("removed"), suppress(FileNotFoundError):
            (self._folder / upload_id).unlink()


class RemoteFinished:
    """Keeps each upload as an object."""

    def __init__(self, filesystem: AbstractFileSystem, root: str) -> None:
        self._filesystem = filesystem
        self._root = root

    def put(self, upload_id: str, path: Path) -> None:
        """See the port: an object appears when all of it has arrived."""
        with _translated("kept"):
            self._filesystem.makedirs(self._root, exist_ok=True)
            self._filesystem.put_file(str(path), f"{self._root}/{upload_id}")

    def fetch(self, upload_id: str, folder: Path) -> Path:
        """See the port: a copy in the folder, which the job's end removes."""
        target = folder / upload_id
        with _translated("fetched"):
            try:
                self._filesystem.get_file(f"{self._root}/{upload_id}", str(target))
            except FileNotFoundError as error:
                raise _gone() from error
        return target

    def remove(self, upload_id: str) -> None:
        """See the port."""
        with _translated("removed"), suppress(FileNotFoundError):
            self._filesystem.rm_file(f"{self._root}/{upload_id}")


def _gone() -> NotFound:
    return NotFound("The uploaded data is no longer there: send it again.")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated(action: str) -> Iterator[None]:
    try:
        yield
    except MinervaError:
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise Unavailable(
            f"The uploaded data could not be {action} ({reason}): look at artefacts_url and the free "
            "space, then try again."
        ) from error
