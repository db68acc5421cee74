"""Folders that appear and disappear at once: built beside their place, then renamed."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STALE_S = 24 * 3600
"""Nothing takes this long to copy; what is older was left by a killed process."""


@contextmanager
def appearing(target: Path, unfinished: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `target` at the end, or vanishes if the block raises.

    If another process was faster, its folder stays: both hold the same content.
    `unfinished` must be on the same file system.
    """
    unfinished.mkdir(parents=True, exist_ok=True)
    remove_stale(unfinished)
    folder = unfinished / f"{target.name}-{uuid.uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        _sync(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def vanish(target: Path, unfinished: Path) -> None:
    """Remove a folder; no one sees half of it. Nothing happens if there is none."""
    if not target.is_dir():
        return
    unfinished.mkdir(parents=True, exist_ok=True)
    folder = unfinished / f"{target.name}-{uuid.uuid4().hex}"
    try:
        target.rename(folder)
    except FileNotFoundError:  # another process removed it first
        return
    shutil.rmtree(folder, ignore_errors=True)


def copy(source: Path, target: Path) -> None:
    """Copy one file and have it on disk before returning."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing, 1024 * 1024)
        writing.flush()
        os.fsync(writing.fileno())


def size_below(folder: Path) -> int:
    """Return the bytes of the files below a folder; 0 if there is none."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # another process removes the folder
            total += path.stat().st_size if path.is_file() else 0
    return total


def remove_stale(unfinished: Path) -> None:
    """Remove what killed processes left."""
    for folder in unfinished.iterdir():
        try:
            stale = time.time() - folder.stat().st_mtime > STALE_S
        except FileNotFoundError:
            continue
        if stale:
            shutil.rmtree(folder, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
