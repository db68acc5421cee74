"""How many CPU threads this process may use, as the container says and not as the host has."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""cgroup v2: `<microseconds of CPU> <per microseconds>`, or `max …` without a limit."""


def usable_cpus(quota_file: Path = CGROUP_QUOTA) -> int:
    """Return the number of CPUs by affinity and cgroup quota, rounded up, at least one."""
    by_affinity = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return max(1, min(by_affinity, _quota(quota_file)))


def _quota(file: Path) -> int:
    unlimited = 1_000_000
    try:
        allowed, _, period = file.read_text().partition(" ")
        return unlimited if allowed == "max" else math.ceil(int(allowed) / int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return unlimited
