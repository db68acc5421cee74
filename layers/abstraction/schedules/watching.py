"""Looking at watermarks: values of users' databases that tell by changing that data is ready.

A user's database may be slow, away or hang. So each is asked aside, one question at a time for each
watermark, which no schedule and no sweeping waits for. Nothing of ours is locked meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.jobs.jobs import Asked, Jobs
from minerva.layers.abstraction.schedules.alone import alone, named
from minerva.layers.abstraction.schedules.aside import Begin
from minerva.layers.abstraction.schedules.schedule import TRAIN, Declared, Watermark
from minerva.layers.abstraction.schedules.store import ScheduleStore, Standing

AUTHOR = "watermark"

log = structlog.get_logger()

Read = Callable[[Watermark], str | None]
"""Asks the user's database, read-only and for a bounded time. None: it has no value yet.

Raises InvalidConfiguration, InvalidData or Unavailable.
"""


@dataclass(frozen=True)
class Watching:
    """Asks for watermarks, and starts a training where one has changed."""

    store: ScheduleStore
    jobs: Jobs
    read: Read
    has_version: Callable[[str, str], bool]
    """Tells of tenant and service whether anything was trained."""
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    aside: Begin

    def begin(self, watermark: Watermark, standing: Standing, now: datetime) -> None:
        """Ask, unless this process still waits for an answer or another clock asks now."""

        def ask() -> None:
            with alone(watermark.declared):
                self._ask(watermark, standing, now)

        self.aside(standing.key, ask)

    def _ask(self, watermark: Watermark, seen: Standing, now: datetime) -> None:
        standing = replace(seen, since=now, moves=seen.moves + 1)
        if not self.store.move(standing):
            return
        try:
            self._decide(watermark, standing)
        except MinervaError as error:
            log.warning("watermark.not_read", reason=error.message, **named(watermark.declared))
            self._note(standing, error.message)

    def _decide(self, watermark: Watermark, standing: Standing) -> None:
        value = self.read(watermark)
        moved = replace(standing, moves=standing.moves + 1, error=None)
        if value is not None and value != standing.value:
            moved = replace(moved, value=value)
            if self._calls_for_training(standing):
                job_id = self._train(watermark.declared, standing, value)
                moved = replace(moved, job_id=job_id, fired_at=self.now())
        if replace(moved, moves=standing.moves) != standing:
            self.store.move(moved)

    def _calls_for_training(self, standing: Standing) -> bool:
        """Tell whether a new value does: the first one only if nothing was trained yet."""
        return standing.value is not None or not self.has_version(standing.tenant, standing.service)

    def _train(self, declared: Declared, standing: Standing, value: str) -> str:
        """Return the job for this value after that of the value before, whoever submits it first."""
        change = hashlib.sha256(f"{standing.job_id}\0{value}".encode()).hexdigest()[:16]
        asked = Asked(
            tenant=declared.tenant,
            service=declared.service,
            author=AUTHOR,
            request_id=self.new_id(),
            idempotency_key=f"watermark:{declared.service}:{change}",
        )
        job, fresh = self.jobs.submit(TRAIN, asked, {})
        if fresh:
            log.info("watermark.changed", job_id=job.id, **named(declared))
        return job.id

    def _note(self, standing: Standing, error: str) -> None:
        if standing.error != error:
            self.store.move(replace(standing, moves=standing.moves + 1, error=error))
