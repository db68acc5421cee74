"""Starting what is due: once, however many clocks run, and whenever one of them is killed.

Two things make it once. The key of the job is the first moment that is not dealt with, which every clock
reads from the same row; so all that submit for that row get one job. And a row is moved only by who saw it
as it is. A clock that is killed between the two leaves a row whose next reader asks for the same job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.jobs.jobs import Asked, Jobs
from minerva.layers.abstraction.schedules.schedule import Declared, Schedule, Watermark
from minerva.layers.abstraction.schedules.starters import Services
from minerva.layers.abstraction.schedules.store import ScheduleStore, Standing
from minerva.layers.abstraction.schedules.turn import (
    Due,
    declare,
    due,
    from_wrong_clock,
    to_be_asked,
    withdraw,
)
from minerva.layers.abstraction.schedules.watching import Watching

AUTHOR = "schedule"

log = structlog.get_logger()


@dataclass(frozen=True)
class Scheduler:
    """Run by beat every few seconds, on any number of machines."""

    store: ScheduleStore
    starters: Callable[[], Services]
    jobs: Jobs
    watching: Watching
    on_time: timedelta
    """What comes later than this after its moment was missed: no clock was running."""
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def tick(self) -> None:
        """Start what is due, and have watermarks looked at. Waits for no database but ours."""
        now = self.now()
        known = {standing.key: standing for standing in self.store.all()}
        services = self.starters()
        for service in services.values():
            for starter in service.starters:
                with _alone(starter.declared):
                    self._look(starter, known.pop(starter.declared.key, None), now)
        for standing in known.values():
            declared = services.get((standing.tenant, standing.service))
            gone = None if declared is None else withdraw(standing, declared.revision)
            if gone is not None:
                self.store.move(gone)

    def _look(self, starter: Schedule | Watermark, seen: Standing | None, now: datetime) -> None:
        changed = declare(starter, seen)
        if changed is not None and not self.store.move(changed):
            return  # another clock was faster; the next tick sees what it wrote
        standing = changed or seen
        if standing is None or standing.revision != starter.declared.revision:
            return
        if isinstance(starter, Watermark):
            if to_be_asked(starter, standing, now):
                self.watching.begin(starter, standing, now)
            return
        taken_back = from_wrong_clock(standing, now)
        if taken_back is not None:
            log.warning("schedule.clock_was_wrong", **_named(starter.declared))
            self.store.move(taken_back)
            return
        come = due(starter, standing, now, self.on_time)
        if come is not None:
            self._deal_with(starter, standing, come, now)

    def _deal_with(self, schedule: Schedule, standing: Standing, come: Due, now: datetime) -> None:
        moved = replace(standing, since=come.last, moves=standing.moves + 1)
        if come.late and schedule.missed == "skip":
            log.info("schedule.skipped", at=come.last.isoformat(), **_named(schedule.declared))
        else:
            job_id, error = self._start(schedule, come)
            moved = replace(moved, job_id=job_id, error=error, fired_at=now)
        self.store.move(moved)

    def _start(self, schedule: Schedule, come: Due) -> tuple[str | None, str | None]:
        """Return the job's id or why there is none. Raises Unavailable: the next tick tries again."""
        declared = schedule.declared
        try:
            job, _ = self.jobs.submit(
                schedule.kind, self._asked(declared, come), schedule.parameters
            )
        except Unavailable:
            raise
        except MinervaError as error:  # it would be the same in the next tick
            log.warning("schedule.not_started", reason=error.message, **_named(declared))
            return None, error.message
        return job.id, None

    def _asked(self, declared: Declared, come: Due) -> Asked:
        return Asked(
            tenant=declared.tenant,
            service=declared.service,
            author=AUTHOR,
            request_id=self.new_id(),
            idempotency_key=f"schedule:{declared.service}:{declared.name}:{come.first:%Y-%m-%dT%H:%M}",
        )


@contextmanager
def _alone(declared: Declared) -> Iterator[None]:
    """Keep one schedule's failure from the others'."""
    try:
        yield
    except MinervaError as error:
        log.warning("schedule.not_started", reason=error.message, **_named(declared))
    except Exception:  # a plugin's kind of job may raise anything
        log.exception("schedule.broken", **_named(declared))


def _named(declared: Declared) -> dict[str, str]:
    return {"tenant": declared.tenant, "service": declared.service, "schedule": declared.name}
