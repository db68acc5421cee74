"""CPU seconds of processes, to the nanosecond that the scheduler knows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def cpu_s(pid: int) -> float:
    """Return what all threads of a process have computed; those that ended are not known any more."""
    total = 0
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def cpu_of(pid: int) -> float:
    """Return the same of a process and all that it started and that still run."""
    total = cpu_s(pid)
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it ends at this moment
            total += sum(cpu_of(int(child)) for child in children.read_text().split())
    return total
