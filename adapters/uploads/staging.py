"""Staging in a local folder: one file per upload, which one process at a time may lengthen.

The kernel's lock on the file ends with the process that holds it, however that ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from minerva.errors import Conflict, Unavailable

PART = ".part"
STATE = ".state"
CHUNK = 1024 * 1024


class FolderStaging:
    """Keeps `<id>.part` and, beside it, what the check has seen of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self, upload_id: str) -> int:
        """See the port."""
        try:
            return self._part(upload_id).stat().st_size
        except FileNotFoundError:
            return 0

    @contextmanager
    def appending(self, upload_id: str) -> Iterator[FileTail]:
        """See the port."""
        path = self._part(upload_id)
        with _translated(path), self._open(path) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(
                    "Another call is sending to this upload: ask how far it came, and go on then."
                ) from None
            yield FileTail(path, file)

    def remove(self, upload_id: str) -> None:
        """See the port."""
        for suffix in (PART, STATE):
            with suppress(FileNotFoundError):
                self._part(upload_id).with_suffix(suffix).unlink()

    def stale(self, before: datetime) -> Sequence[str]:
        """See the port."""
        found = []
        for path in self._folder.glob(f"*{PART}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    found.append(path.stem)
        return found

    def _part(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}{PART}"

    def _open(self, path: Path) -> BinaryIO:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", 0)


class FileTail:
    """The end of one file that this process alone may lengthen."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self.size = file.seek(0, os.SEEK_END)

    def pieces(self, start: int) -> Iterator[bytes]:
        """See the port."""
        with self.path.open("rb") as file:
            file.seek(start)
            while piece := file.read(CHUNK):
                yield piece

    def append(self, piece: bytes) -> None:
        """See the port."""
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self.cut(self.size)
            raise
        self.size += len(piece)

    def cut(self, size: int) -> None:
        """See the port."""
        self._file.truncate(size)
        self.size = self._file.seek(0, os.SEEK_END)

    def read_state(self) -> dict[str, Any] | None:
        """See the port."""
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=dict[str, Any])
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write_state(self, state: dict[str, Any]) -> None:
        """See the port."""
        draft = self.path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(state))
        draft.replace(self._state)

    def settle(self) -> None:
        """See the port."""
        os.fsync(self._file.fileno())

    @property
    def _state(self) -> Path:
        return self.path.with_suffix(STATE)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"The data cannot be kept in {path.parent} ({error.strerror}): free space there or make "
            "it writable; what has come so far is kept."
        ) from error
