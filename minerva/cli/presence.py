"""Which of our processes are alive: each holds a lock that the kernel lets go however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def present(folder: Path, name: str) -> Iterator[None]:
    """Be found as `name` while the block runs."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}-{os.getpid()}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def find(folder: Path, name: str) -> list[int]:
    """Return the process ids of those present as `name`; traces of dead ones are cleared away."""
    alive = []
    for path in sorted(folder.glob(f"{name}-*.lock")):
        try:
            with path.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            alive.append(int(path.stem.rpartition("-")[2]))
        except FileNotFoundError:  # it ended just now
            continue
        else:
            path.unlink(missing_ok=True)
    return alive
