"""Which models' processes are ended so that the rest fits into memory."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_GROUP, _RESIDENT = 2, 21
"""Fields of /proc/<pid>/stat behind the program's name, see proc(5)."""


@dataclass(frozen=True)
class Usage:
    """What one host takes."""

    key: str
    rss_bytes: int
    busy: bool
    used_at: float
    """Seconds; larger is later."""


def surplus(usages: Sequence[Usage], budget_bytes: int) -> tuple[str, ...]:
    """Return whom to end, least recently used first, until the rest fits; never one that is busy.

    A budget of 0 is none. The one used last stays, so that a model larger than the budget still serves.
    """
    if not budget_bytes:
        return ()
    excess = sum(usage.rss_bytes for usage in usages) - budget_bytes
    ended: list[str] = []
    for usage in sorted(usages, key=lambda usage: usage.used_at)[:-1]:
        if excess <= 0:
            break
        if not usage.busy:
            ended.append(usage.key)
            excess -= usage.rss_bytes
    return tuple(ended)


def resident(groups: Iterable[int], processes: Path = Path("/proc")) -> dict[int, int]:
    """Return the resident bytes of each process group; 0 where the system does not tell."""
    page = resource.getpagesize()
    sizes = dict.fromkeys(groups, 0)
    with suppress(OSError):
        for name in os.listdir(processes) if sizes else ():  # noqa: PTH208 - thousands of names
            if name.isdecimal():
                group, pages = _stat(processes / name / "stat")
                if group in sizes:
                    sizes[group] += pages * page
    return sizes


def _stat(file: Path) -> tuple[int, int]:
    try:
        fields = file.read_bytes().rpartition(b")")[2].split()
        return int(fields[_GROUP]), int(fields[_RESIDENT])
    except (OSError, IndexError, ValueError):  # it ended meanwhile
        return 0, 0
