"""What one job may take, and how many may run at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from minerva.layers.abstraction.services.declaration import JobsDeclaration


@dataclass(frozen=True)
class JobLimits:
    """What an attempt may take; kept in the job's row, so that every worker holds it to the same."""

    time_s: float = 6 * 3600
    memory_mb: int = 0
    """0: none."""
    disk_mb: int = 0
    """Of the job's own folder, and of what it stages beside its output on this machine; 0: none."""
    max_running: int = 0
    """Most jobs of the same service at once, parts aside; 0: none."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values, for the row."""
        return asdict(self)


def limits_of(kept: Mapping[str, Any] | None) -> JobLimits:
    """Read the limits of a row; what an older row lacks has its default."""
    known = {field.name for field in fields(JobLimits)}
    return JobLimits(**{name: value for name, value in (kept or {}).items() if name in known})


def declared_limits(usual: JobLimits, declared: JobsDeclaration) -> JobLimits:
    """Return what a service declares, where it is silent the usual."""

    def pick(name: str) -> Any:
        own = getattr(declared, name)
        return getattr(usual, name) if own is None else own

    return JobLimits(pick("time_s"), pick("memory_mb"), pick("disk_mb"), pick("max_running"))


@dataclass(frozen=True)
class Bounds:
    """How many jobs may run at once, over all workers; 0: any number."""

    queues: Mapping[str, int] = field(default_factory=dict)
    tenant: int = 0
