"""What tests of schedules share: a clock that is set, and the parts that go by it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from minerva.layers.abstraction.schedules.schedule import MONITORING


@dataclass
class Clock:
    """A clock that is set."""

    now: datetime

    def __call__(self):
        """Tell the time."""
        return self.now

    def on(self, **parts):
        """Let time go by."""
        self.now += timedelta(**parts)


@pytest.fixture
def clock():
    """Real to begin with, as declarations are stamped by the real one; at a full hour."""
    return Clock(datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))


@pytest.fixture
def container(container, clock):
    """The parts of a process, whose declarations come before `clock`, also if an hour ends meanwhile."""
    stamp, latest = container.registry.now, clock.now - timedelta(seconds=1)
    registry = replace(container.registry, now=lambda: min(stamp(), latest))
    return replace(container, registry=registry)


@pytest.fixture
def jobs(container, clock):
    """Jobs whose time is `clock`."""
    return replace(container.jobs, now=clock)


@pytest.fixture
def watching_with(container, clock, jobs):
    """Make what asks for watermarks: in the thread that ticks, unless told otherwise."""

    def made(**parts):
        usual = {"jobs": jobs, "now": clock, "aside": at_once}
        return replace(container.scheduler.watching, **{**usual, **parts})

    return made


@pytest.fixture
def scheduler(container, clock, jobs, watching_with):
    """A scheduler whose time is `clock`."""
    watching = watching_with()
    monitoring = container.scheduler.monitoring
    judge = replace(monitoring.judge, now=clock)
    monitoring = replace(monitoring, now=clock, jobs=jobs, judge=judge, aside=at_once)
    parts = {"watching": watching, "monitoring": monitoring}
    return replace(container.scheduler, now=clock, jobs=jobs, aside=at_once, **parts)


def at_once(key, work):
    """Do it in the thread that asks for it."""
    work()
    return True


@pytest.fixture
def started(container):
    """What was started: idempotency keys, oldest first."""

    def keys():
        jobs = [job for job in container.jobs.list("default") if job.author != "tests"]
        return [job.idempotency_key for job in sorted(jobs, key=lambda job: job.created_at)]

    return keys


@pytest.fixture
def standing(container):
    """How the only schedule, or one by its name, stands; each service is watched besides."""

    def of(name=None):
        wanted = {name} if name else {one.name for one in all_of()} - {MONITORING}
        (one,) = [one for one in all_of() if one.name in wanted]
        return one

    all_of = container.stores.schedules.all

    return of


@pytest.fixture
def hourly(declare, scheduler):
    """A service that is trained every hour, and that the scheduler knows."""
    declare(training={"schedule": "0 * * * *"})
    scheduler.tick()
    return scheduler
