"""Whole files that appear at once, in a local folder or at any fsspec URL."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minerva.errors import MinervaError, Unavailable

CHUNK = 1024 * 1024


class FileOutput:
    """Satisfies `exporting.kind.Output`."""

    def digest(self, place: str) -> str | None:
        """See the port."""
        with _translated():
            try:
                with self._open(place) as file:
                    running = hashlib.sha256()
                    while piece := file.read(CHUNK):
                        running.update(piece)
            except FileNotFoundError:
                return None
        return running.hexdigest()

    def put(self, file: Path, place: str, *, overwrite: bool) -> bool:
        """See the port."""
        with _translated():
            if "://" in place:
                return _put_remote(file, place, overwrite=overwrite)
            return _put_local(file, Path(place), overwrite=overwrite)

    def _open(self, place: str) -> Any:
        if "://" not in place:
            return Path(place).open("rb")
        from fsspec.core import url_to_fs

        filesystem, path = url_to_fs(place)
        return filesystem.open(path, "rb")


def _put_remote(file: Path, place: str, *, overwrite: bool) -> bool:
    """Put an object, which appears when all of it has arrived."""
    from fsspec.core import url_to_fs

    filesystem, path = url_to_fs(place)
    if not overwrite and filesystem.exists(path):
        return False
    filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    filesystem.put_file(str(file), path)
    return True


def _put_local(file: Path, target: Path, *, overwrite: bool) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        with file.open("rb") as source, draft.open("xb") as sink:
            shutil.copyfileobj(source, sink, CHUNK)
            sink.flush()
            os.fsync(sink.fileno())
        if overwrite:
            draft.replace(target)
            return True
        try:
            os.link(draft, target)  # fails if something is there, whoever was faster
        except FileExistsError:
            return False
        return True
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except MinervaError:
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise Unavailable(
            f"The export could not be put in its place ({reason}): look at the folder and the free space."
        ) from error
