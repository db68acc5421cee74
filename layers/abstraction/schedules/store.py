"""The port to how schedules stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Standing:
    """How one schedule or watermark stands: what the clocks of all machines agree upon."""

    tenant: str
    service: str
    name: str
    revision: int
    """Of the configuration that declared it last."""
    rule: str
    """What it was declared as there."""
    declared: bool
    """False: it was taken out of the declaration."""
    since: datetime
    """All moments up to this one are dealt with."""
    moves: int
    """How often it was written, from 1."""
    job_id: str | None = None
    """The last job that it started."""
    fired_at: datetime | None = None
    """When it started that one."""
    error: str | None = None
    """Why it could not do its work the last time."""
    value: str | None = None
    """The last answer to a watermark's query."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others."""
        return self.tenant, self.service, self.name


class ScheduleStore(Protocol):
    """One standing for each schedule, moved by one of many clocks at a time."""

    def all(self) -> Sequence[Standing]:
        """Return the standings of all tenants, by tenant, service and name."""

    def of(self, tenant: str) -> Sequence[Standing]:
        """Return a tenant's standings, by service and name."""

    def move(self, standing: Standing) -> bool:
        """Write a standing whose `moves` is one above what is there (1: nothing is there).

        False: somebody else moved it in between, and nothing is written.
        """
