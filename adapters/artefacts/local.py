"""ArtefactStore in a local folder: `<root>/versions/ab/abcd…/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minerva.adapters.artefacts.address import address, files_below
from minerva.adapters.artefacts.folders import appearing, copy, size_below, vanish
from minerva.errors import NotFound, Unavailable


class LocalArtefacts:
    """Keeps each artefact as a folder that appears by one rename."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, digest: str, folder: Path) -> None:
        """Store a folder's files; atomic and idempotent. Raises Unavailable if the disk is not."""
        target = self._root / address(digest)
        if target.is_dir():
            return
        files = files_below(folder)
        with self._translated("stored"), appearing(target, self._unfinished) as place:
            for name, path in files.items():
                copy(path, place / name)

    def fetch(self, digest: str) -> Path:
        """Return the folder itself."""
        folder = self._root / address(digest)
        if not folder.is_dir():
            raise NotFound(f"Artefact {digest[:12]}… is not in {self._root}.")
        return folder

    def delete(self, digest: str) -> None:
        """Forget a folder."""
        with self._translated("removed"):
            vanish(self._root / address(digest), self._unfinished)

    def size(self, digest: str) -> int:
        """Return the bytes of a folder's files."""
        return size_below(self._root / address(digest))

    @property
    def _unfinished(self) -> Path:
        return self._root / "unfinished"

    @contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(
                f"The artefact could not be {action} in {self._root} ({error.strerror}): "
                "free space there or make it writable, then try again."
            ) from error
