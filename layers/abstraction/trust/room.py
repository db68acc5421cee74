"""How much an archive may hold, and under which names."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from minerva.errors import InvalidData

CHUNK = 1024 * 1024
LONGEST_NAME = 240
"""Bytes of one part of a path; file systems take 255."""
DEEPEST = 64
MOST_RATIO = 200
"""Written bytes for each byte of the archive; models reach three, texts twenty."""
RATIO_FROM = 64 * 1024 * 1024
"""Bytes; below, it harms nobody."""
_NO_LIMIT = 2**62


@dataclass
class Room:
    """What may still be written, and what was."""

    origin: str
    max_bytes: int
    max_files: int = _NO_LIMIT
    compressed_bytes: int = _NO_LIMIT
    """Size of the archive that all of it comes from."""
    written: int = 0
    names: dict[str, bool] = field(default_factory=dict)
    """Name, as file systems compare that ignore case → whether it is a file."""

    @property
    def holds_a_file(self) -> bool:
        """Whether anything was there at all."""
        return any(self.names.values())

    def refusal(self, name: str, why: str) -> InvalidData:
        """Return the error that says why nothing is taken."""
        return InvalidData(f"{self.origin} is refused: {name[:200]!r} in it {why}.")

    def take(self, name: str, *, is_file: bool) -> PurePosixPath:
        """Return where a member goes, relative to the folder. Raises InvalidData."""
        path = PurePosixPath(name)
        parts = path.parts
        if not parts or path.is_absolute() or ".." in parts or "\\" in name or ":" in name:
            raise self.refusal(name, "leads out of its folder")
        if not name.isprintable():
            raise self.refusal(name, "has a name that cannot be written")
        if len(parts) > DEEPEST or any(len(part.encode()) > LONGEST_NAME for part in parts):
            raise self.refusal(name, "has too long a name")
        self._note(path, name, is_file=is_file)
        return path

    def _note(self, path: PurePosixPath, name: str, *, is_file: bool) -> None:
        for parent in path.parents[:-1]:
            if self.names.setdefault(_folded(parent), False):
                raise self.refusal(name, "is below a file")
        before = self.names.get(_folded(path))
        if before is not None and (before or is_file):
            raise self.refusal(name, "is there twice, or differs from another only in case")
        self.names[_folded(path)] = is_file
        if len(self.names) > self.max_files:
            raise InvalidData(
                f"{self.origin} is refused: it holds more than {self.max_files} files."
            )

    def write(self, stream: IO[bytes], target: Path) -> None:
        """Write what a member really holds, whatever its header says. Raises InvalidData."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            while chunk := stream.read(CHUNK):
                self.written += len(chunk)
                self._check_size()
                file.write(chunk)

    def _check_size(self) -> None:
        if self.written > self.max_bytes:
            raise InvalidData(
                f"{self.origin} is refused: it holds more than {self.max_bytes:,} bytes."
            )
        if self.written > max(RATIO_FROM, MOST_RATIO * self.compressed_bytes):
            raise InvalidData(
                f"{self.origin} is refused: it grows to more than {MOST_RATIO} times its size."
            )


def _folded(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
