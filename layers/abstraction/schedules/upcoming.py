"""What will start by itself, and what became of it the last time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from minerva.layers.abstraction.jobs.store import JobStore
from minerva.layers.abstraction.monitoring.judging import EVERY
from minerva.layers.abstraction.registry.store import ConfigurationStore
from minerva.layers.abstraction.schedules.schedule import (
    TRAIN,
    Declared,
    Monitored,
    Schedule,
    Starter,
    Watermark,
    starters,
)
from minerva.layers.abstraction.schedules.store import ScheduleStore, Standing
from minerva.layers.abstraction.services.parsing import parse

PATIENCE = timedelta(minutes=1)
"""A moment that has come is dealt with by now, if a clock is running."""


@dataclass(frozen=True)
class Upcoming:
    """The use case behind `minerva jobs upcoming`."""

    configurations: ConfigurationStore
    schedules: ScheduleStore
    jobs: JobStore
    now: Callable[[], datetime]

    def list(self, tenant: str, *, service: str | None = None, count: int = 3) -> Sequence[Any]:
        """Return schedules and watermarks with their next `count` moments, as plain JSON values."""
        standings = {standing.key: standing for standing in self.schedules.of(tenant)}
        now = self.now()
        return [
            self._tell(starter, standings.get(starter.declared.key), now, count)
            for starter in self._declared(tenant, service)
        ]

    def _declared(self, tenant: str, service: str | None) -> Iterator[Starter]:
        for configuration in self.configurations.list_latest(tenant):
            if service is None or service == configuration.service:
                for starter in starters(configuration, parse(configuration.declaration)):
                    if not isinstance(starter, Monitored) or starter.trains:
                        yield starter

    def _tell(
        self, starter: Starter, standing: Standing | None, now: datetime, count: int
    ) -> dict[str, Any]:
        declared = starter.declared
        told: dict[str, Any] = {"service": declared.service, "name": declared.name}
        if isinstance(starter, Schedule):
            told |= _schedule(starter, standing, now, count)
        elif isinstance(starter, Watermark):
            every = timedelta(seconds=starter.watermark.every_s)
            told |= _looked_at(starter.declared, every, standing, now)
        else:
            told |= _looked_at(starter.declared, EVERY, standing, now)
        return told | {"last": self._last(declared.tenant, standing)}

    def _last(self, tenant: str, standing: Standing | None) -> dict[str, Any] | None:
        """Return the last run and its outcome, or why there was none."""
        if standing is None or (standing.fired_at is None and standing.error is None):
            return None
        job = None if standing.job_id is None else self.jobs.get(tenant, standing.job_id)
        return {
            "at": _text(standing.fired_at),
            "job_id": standing.job_id,
            "state": None if job is None else job.state.value,
            "error": standing.error or (job and job.error and job.error.get("message")),
        }


def _schedule(
    schedule: Schedule, standing: Standing | None, now: datetime, count: int
) -> dict[str, Any]:
    cron = schedule.cron
    coming = islice(cron.after(now), count)
    return {
        "kind": schedule.kind,
        "cron": cron.expression,
        "timezone": cron.timezone,
        "missed": schedule.missed,
        "next": [{"utc": _text(at), "local": _text(at.astimezone(cron.zone))} for at in coming],
        "overdue": _text(_overdue(schedule, standing, now)),
    }


def _overdue(schedule: Schedule, standing: Standing | None, now: datetime) -> datetime | None:
    """Return a moment that has come and that no clock has dealt with: none is running."""
    since = schedule.declared.at if standing is None else standing.since
    first = next(schedule.cron.after(since), None)
    return first if first is not None and first < now - PATIENCE else None


def _looked_at(
    declared: Declared, every: timedelta, standing: Standing | None, now: datetime
) -> dict[str, Any]:
    """Tell of what is looked at again and again, and starts a training when that shows something."""
    since = declared.at if standing is None else standing.since
    at = max(since + every, now).astimezone(UTC)
    return {
        "kind": TRAIN,
        "every_s": every.total_seconds(),
        "value": None if standing is None else standing.value,
        "next": [{"utc": _text(at), "local": _text(at)}],
        "overdue": _text(since + every if since + every < now - PATIENCE else None),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
