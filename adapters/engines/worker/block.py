"""Decoded rows on the disk of the worker that decoded them, and what is known about them."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.cluster import Rows

TYPES = {"matrix": np.float32, "target": np.float64, "chance": np.float64}
READ_VALUES = 2_000_000
"""How many values are read at once: 8 MB."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Some rows as they were decoded: column name → values. Comes to the job's process."""

    columns: Mapping[str, NDArray[Any]]
    targets: Mapping[str, NDArray[Any]]
    draws: NDArray[np.uint64]
    """What decided about each row; the order of a sample, wherever its rows lay."""


@dataclass(frozen=True, eq=False)
class Summary:
    """What the job's process learns about a block."""

    rows: int
    """All rows of the piece; `trained` of them are in the block."""
    trained: int
    sums: tuple[int, ...]
    counts: Mapping[float, int]
    """Value of the first output → how many training rows have it, where it is a class."""
    lowest: float
    highest: float
    """Of the first output, over all rows; NaN if there are none."""
    held_out: Sample
    profiled: Sample


class Block:
    """Training rows in files, removed as soon as nobody refers to them: also when the job was killed.

    dask may move it to another worker or to its own disk: then it travels with its bytes.
    """

    def __init__(self, folder: Path, features: int, count: int) -> None:
        self.folder = folder
        self.features = features
        self.count = count
        self._end = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def rows(self) -> Iterator[Rows]:
        """Yield the rows, some at a time."""
        step = max(READ_VALUES // self.features, 1)
        for start in range(0, self.count, step):
            count = min(step, self.count - start)
            yield Rows(
                self._read("matrix", start, count, self.features).reshape(count, self.features),
                self._read("target", start, count),
                self._read("chance", start, count),
            )

    def discard(self) -> None:
        """Remove the files now."""
        self._end()

    def _read(self, name: str, start: int, count: int, width: int = 1) -> NDArray[Any]:
        kind = np.dtype(TYPES[name])
        return np.fromfile(
            self.folder / name, kind, count * width, offset=start * width * kind.itemsize
        )

    def __reduce__(self) -> tuple[Any, ...]:
        files = {name: (self.folder / name).read_bytes() for name in TYPES}
        return _arrive, (files, self.features, self.count)

    def __sizeof__(self) -> int:
        """Tell dask that it takes no memory."""
        return 256


def new_folder() -> Path:
    """Return a new folder, where dask's worker has its own."""
    from distributed import get_worker

    try:
        home: str | None = get_worker().local_directory
    except ValueError:  # dask reads back what it had put away itself, outside of any task
        home = None
    return Path(tempfile.mkdtemp(prefix="minerva-", dir=home))


def _arrive(files: Mapping[str, bytes], features: int, count: int) -> Block:
    folder = new_folder()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Block(folder, features, count)
