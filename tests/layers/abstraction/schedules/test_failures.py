"""What one schedule cannot do stops no other, and is told."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs
from tiny import events_of
from waiting import wait_until

from minerva.errors import InvalidInput, Unavailable
from minerva.layers.abstraction.schedules.aside import Aside
from minerva.layers.abstraction.schedules.starters import Starters

HOURLY = {"schedule": "0 * * * *"}


def test_a_job_that_cannot_be_accepted_is_told_once_and_the_next_one_is_tried(
    scheduler, clock, declare, started, standing
):
    declare(schedules=[{"name": "odd", "kind": "odd", "cron": "0 * * * *"}])

    with capture_logs() as events:
        scheduler.tick()
        scheduler.tick()

    assert [event["event"] for event in events].count("schedule.not_started") == 1
    assert "no kind of job 'odd'" in standing().error
    assert standing().job_id is None
    assert started() == []


class Broken:
    """Jobs of which some cannot be submitted."""

    def __init__(self, jobs, service, error):
        self._jobs, self._service, self.error = jobs, service, error

    def submit(self, kind, asked, payload=None):
        """Fail for one service."""
        if asked.service == self._service and self.error is not None:
            raise self.error
        return self._jobs.submit(kind, asked, payload)


@pytest.mark.parametrize("error", [InvalidInput("No."), Unavailable("Away."), ZeroDivisionError()])
def test_one_schedule_that_cannot_start_stops_no_other(container, scheduler, clock, declare, error):
    declare("a", training=HOURLY)
    declare("b", training=HOURLY)

    with capture_logs():
        replace(scheduler, jobs=Broken(scheduler.jobs, "a", error)).tick()

    assert [job.service for job in container.jobs.list("default")] == ["b"]


def test_what_a_database_that_was_away_missed_is_started_when_it_is_back(
    scheduler, clock, declare, started
):
    declare(training=HOURLY)
    jobs = Broken(scheduler.jobs, "value", Unavailable("The database is locked."))
    away = replace(scheduler, jobs=jobs)
    with capture_logs() as events:
        away.tick()
    assert len(events_of(events, "schedule.not_started")) == 1
    jobs.error = None

    away.tick()

    assert len(started()) == 1


def test_the_registry_is_read_again_only_when_it_changed(container, scheduler, declare):
    class Counting:
        def __init__(self):
            self.reads = 0

        def current(self):
            return container.stores.revision.current()

        def declared(self):
            self.reads += 1
            return container.stores.revision.declared()

    revision = Counting()
    counted = replace(scheduler, starters=Starters(revision))
    declare(training=HOURLY)
    for _ in range(5):
        counted.tick()
    declare(training={**HOURLY, "seed": 3})
    counted.tick()

    assert revision.reads == 2


def test_a_declaration_that_cannot_be_read_any_more_stops_no_other(
    container, scheduler, declare, started, standing
):
    declare("a", training=HOURLY)
    scheduler.tick()
    container.stores.configurations.declare(
        "default", "a", "d", {"service": "a"}, "ann", datetime.now(UTC)
    )
    declare("b", training=HOURLY)

    with capture_logs() as events:
        scheduler.tick()

    assert ("schedule.unreadable", "a") in [(e["event"], e.get("service")) for e in events]
    assert len(started()) == 2


def test_a_job_whose_check_hangs_delays_no_other_schedule(
    container, scheduler, clock, declare, started
):
    declare("slow", training=HOURLY)
    declare("other", training={"schedule": "*/5 * * * *"})
    answers = threading.Event()

    class Hanging:
        def submit(self, kind, asked, payload=None):
            if asked.service == "slow":
                answers.wait(300)
            return scheduler.jobs.submit(kind, asked, payload)

    def others():
        return len([key for key in started() if "other" in key])

    aside = replace(scheduler, jobs=Hanging(), aside=Aside(4))
    for number in range(1, 13):
        wait_until(lambda number=number: aside.tick() or others() == number)
        clock.on(minutes=5)
    assert [key for key in started() if "slow" in key] == []
    answers.set()

    wait_until(lambda: len([key for key in started() if "slow" in key]) == 1)
