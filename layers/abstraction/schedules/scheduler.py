"""Starting what is due: once, however many clocks run, and whenever one of them is killed.

Two things make it once. The key of the job is the first moment that is not dealt with, which every clock
reads from the same row; so all that submit for that row get one job. And a row is moved only by who saw it
as it is. A clock that is killed between the two leaves a row whose next reader asks for the same job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.jobs.jobs import Asked, Jobs
from minerva.layers.abstraction.schedules.alone import alone, named
from minerva.layers.abstraction.schedules.aside import Begin
from minerva.layers.abstraction.schedules.monitored import Monitoring
from minerva.layers.abstraction.schedules.schedule import (
    Declared,
    Monitored,
    Schedule,
    Starter,
    Watermark,
)
from minerva.layers.abstraction.schedules.starters import Services
from minerva.layers.abstraction.schedules.store import ScheduleStore, Standing
from minerva.layers.abstraction.schedules.turn import (
    Due,
    declare,
    done_by,
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
    monitoring: Monitoring
    aside: Begin
    """For what is due: a job may be checked against files and databases that are slow."""
    on_time: timedelta
    """What comes later than this after its moment was missed: no clock was running."""
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def tick(self) -> None:
        """Have started what is due, and watermarks looked at. Waits for no database but ours."""
        now = self.now()
        known = {standing.key: standing for standing in self.store.all()}
        services = self.starters()
        for service in services.values():
            for starter in service.starters:
                with alone(starter.declared):
                    self._look(starter, known.pop(starter.declared.key, None), now)
        for standing in known.values():
            declared = services.get((standing.tenant, standing.service))
            gone = None if declared is None else withdraw(standing, declared.revision)
            if gone is not None:
                self.store.move(gone)

    def _look(self, starter: Starter, seen: Standing | None, now: datetime) -> None:
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
        if isinstance(starter, Monitored):
            self.monitoring.begin(starter, standing, now)
            return
        taken_back = from_wrong_clock(standing, now)
        if taken_back is not None:
            log.warning("schedule.clock_was_wrong", **named(starter.declared))
            self.store.move(taken_back)
            return
        come = due(starter, standing, now, self.on_time)
        if come is not None:
            self._begin(starter, standing, come)

    def _begin(self, schedule: Schedule, standing: Standing, come: Due) -> None:
        def deal_with_it() -> None:
            with alone(schedule.declared):
                self._deal_with(schedule, standing, come)

        self.aside(standing.key, deal_with_it)

    def _deal_with(self, schedule: Schedule, standing: Standing, come: Due) -> None:
        if come.late and schedule.missed == "skip":
            log.info("schedule.skipped", at=come.last.isoformat(), **named(schedule.declared))
            moved = replace(standing, since=come.last)
        else:
            moved = replace(self._start(schedule, standing, come), fired_at=self.now())
        self.store.move(replace(moved, moves=standing.moves + 1))

    def _start(self, schedule: Schedule, standing: Standing, come: Due) -> Standing:
        """Return the standing after the job. Raises Unavailable: the next tick tries again."""
        declared = schedule.declared
        try:
            job, fresh = self.jobs.submit(
                schedule.kind, self._asked(declared, come), schedule.parameters
            )
        except Unavailable:
            raise
        except MinervaError as error:  # it would be the same in the next tick
            log.warning("schedule.not_started", reason=error.message, **named(declared))
            return replace(standing, since=come.last, job_id=None, error=error.message)
        since = come.last if fresh else done_by(schedule, standing, come, job.created_at)
        return replace(standing, since=since, job_id=job.id, error=None)

    def _asked(self, declared: Declared, come: Due) -> Asked:
        return Asked(
            tenant=declared.tenant,
            service=declared.service,
            author=AUTHOR,
            request_id=self.new_id(),
            idempotency_key=f"schedule:{declared.service}:{declared.name}:{come.first:%Y-%m-%dT%H:%M}",
        )
