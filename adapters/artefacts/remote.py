"""ArtefactStore at any fsspec URL: `<root>/versions/ab/abcd…/`, fetched once into a local cache.

Object stores have no rename of a folder. The marker `abcd….complete` beside it is written last and lists
every file with its size; without the marker there is no artefact.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minerva.adapters.artefacts.address import address, check_name, files_below
from minerva.adapters.artefacts.folders import appearing, vanish
from minerva.errors import InvalidData, MinervaError, NotFound, Unavailable

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class RemoteArtefacts:
    """Keeps artefacts in an object store."""

    def __init__(self, filesystem: AbstractFileSystem, root: str, cache: Path) -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self._cache = cache
        self._lock = threading.Lock()
        """Many threads that want one version download it once."""

    def put(self, digest: str, folder: Path) -> None:
        """Store a folder's files, the marker last; idempotent. Two at once write the same bytes."""
        place = self._place(digest)
        files = files_below(folder)
        with self._translated("stored"):
            if self._filesystem.exists(_marker(place)):
                return
            for name, path in files.items():
                self._make_parents(f"{place}/{name}")
                self._filesystem.put_file(str(path), f"{place}/{name}")
            self._make_parents(_marker(place))
            sizes = {name: path.stat().st_size for name, path in files.items()}
            self._filesystem.pipe_file(_marker(place), json.dumps({"files": sizes}).encode())

    def fetch(self, digest: str) -> Path:
        """Return the local copy; the first call downloads it."""
        place = self._place(digest)
        target = self._cache / address(digest)
        with self._lock:
            if not target.is_dir():
                self._fetch(place, digest, target)
        return target

    def delete(self, digest: str) -> None:
        """Forget a folder, its marker first, and the local copy."""
        place = self._place(digest)
        with self._translated("removed"):
            for path in (_marker(place), place):
                if self._filesystem.exists(path):
                    self._filesystem.rm(path, recursive=True)
            vanish(self._cache / address(digest), self._cache / "unfinished")

    def size(self, digest: str) -> int:
        """Return the bytes in the store, whether the marker is there or not."""
        place = self._place(digest)
        with self._translated("measured"):
            self._filesystem.invalidate_cache()
            paths = [path for path in (_marker(place), place) if self._filesystem.exists(path)]
            return sum(int(self._filesystem.du(path, total=True)) for path in paths)

    def _fetch(self, place: str, digest: str, target: Path) -> None:
        sizes = self._sizes(place, digest)
        with self._translated("fetched"), appearing(target, self._cache / "unfinished") as folder:
            for name, size in sizes.items():
                self._download(f"{place}/{name}", folder / check_name(name), size)

    def _place(self, digest: str) -> str:
        return f"{self._root}/{address(digest)}"

    def _sizes(self, place: str, digest: str) -> dict[str, int]:
        with self._translated("fetched"):
            try:
                content = self._filesystem.cat_file(_marker(place))
            except FileNotFoundError as error:
                raise NotFound(f"Artefact {digest[:12]}… is not in the artefact store.") from error
        try:
            sizes: dict[str, int] = json.loads(content)["files"]
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidData(
                f"The marker of artefact {digest[:12]}… is damaged: store the version again."
            ) from error
        return sizes

    def _download(self, source: str, target: Path, size: int) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._filesystem.get_file(source, str(target))
        if target.stat().st_size != size:
            raise InvalidData(f"File {target.name} of an artefact has the wrong size in the store.")

    def _make_parents(self, path: str) -> None:
        self._filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)

    @contextmanager
    def _translated(self, action: str) -> Iterator[None]:
        try:
            yield
        except MinervaError:
            raise
        except Exception as error:
            raise Unavailable(
                f"The artefact could not be {action} ({_reason(error)}): look at artefacts_url, "
                "its credentials and the free space, then try again."
            ) from error


def _marker(place: str) -> str:
    return f"{place}.complete"


def _reason(error: Any) -> str:
    """Name an error by its kind: its text may hold a credential."""
    return getattr(error, "strerror", None) or type(error).__name__
