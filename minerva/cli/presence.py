"""Which of our processes are alive: each holds a lock that the kernel lets go however it ends.

The lock's file is touched by what shall show that it goes on: its age tells when that was last the case.
It carries the machine's name: containers may share the folder, and process ids are a container's own.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def present(folder: Path, name: str) -> Iterator[Callable[[], None]]:
    """Be found as `name` while the block runs; what is given is called as a sign of life."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{_stem(name)}{os.getpid()}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        def beat() -> None:
            with suppress(OSError):  # a sign that cannot be given is one that is missing
                os.utime(file.fileno())

        try:
            yield beat
        finally:
            path.unlink(missing_ok=True)


def find(folder: Path, name: str) -> dict[int, float]:
    """Return those of this machine that are present as `name`: process id → seconds since its last sign.

    Traces of dead ones are cleared away.
    """
    alive = {}
    for path in sorted(folder.glob(f"{_stem(name)}*.lock")):
        try:
            with path.open() as file:
                age = time.time() - os.fstat(file.fileno()).st_mtime
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            alive[int(path.stem.rpartition("-")[2])] = age
        except FileNotFoundError:  # it ended just now
            continue
        else:
            path.unlink(missing_ok=True)
    return alive


def _stem(name: str) -> str:
    return f"{name}-{socket.gethostname()}-"
