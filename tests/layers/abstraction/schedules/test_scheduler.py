"""Schedules start jobs: once each, whatever clocks, declarations and databases do."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from waiting import wait_until

from minerva.errors import InvalidInput, Unavailable
from minerva.layers.abstraction.schedules.aside import Aside
from minerva.layers.abstraction.schedules.starters import Starters

HOURLY = {"schedule": "0 * * * *"}


def at(moment):
    """Return a moment as keys tell it."""
    return f"{moment:%Y-%m-%dT%H:%M}"


@pytest.fixture
def hourly(declare, scheduler):
    """A service that is trained every hour, and that the scheduler knows."""
    declare(training=HOURLY)
    scheduler.tick()
    return scheduler


def test_each_due_moment_starts_one_job_however_often_it_is_looked_at(hourly, clock, started):
    first = clock.now
    for _ in range(3):
        hourly.tick()
    clock.on(minutes=30)
    hourly.tick()
    clock.on(minutes=30)
    hourly.tick()

    assert started() == [
        f"schedule:value:training.schedule:{at(first)}",
        f"schedule:value:training.schedule:{at(first + timedelta(hours=1))}",
    ]


def test_a_started_job_is_one_like_any_other(hourly, container, clock, standing):
    (job,) = container.jobs.list("default")

    assert (job.kind, job.author, job.service) == ("train", "schedule", "value")
    assert list(container.queue.sent) == [job.id]
    assert (standing().job_id, standing().fired_at) == (job.id, clock.now)


def test_many_clocks_start_one_job(container, scheduler, clock, declare, started):
    declare(training=HOURLY)
    clocks = [replace(scheduler, starters=Starters(container.stores.revision)) for _ in range(8)]

    for _ in range(3):
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda one: one.tick(), clocks))
        for one in clocks:
            one.tick()
        clock.on(hours=1)

    assert len(started()) == len(set(started())) == 3


def test_schedules_of_a_list_fire_each_by_its_own_clock(scheduler, clock, declare, started):
    clock.now = datetime(2030, 3, 30, 12, tzinfo=UTC)
    daily = {"kind": "train", "cron": "30 2 * * *"}
    declare(
        schedules=[
            {**daily, "name": "berlin", "timezone": "Europe/Berlin"},
            {**daily, "name": "kathmandu", "timezone": "Asia/Kathmandu"},
        ]
    )
    scheduler.tick()
    before = len(started())
    for _ in range(24 * 4):
        clock.on(minutes=15)
        scheduler.tick()

    assert [key.removeprefix("schedule:value:") for key in started()[before:]] == [
        "kathmandu:2030-03-30T20:45",
        "berlin:2030-03-31T01:00",  # 02:30 does not exist that day
    ]


class Killed(BaseException):
    """What becomes of a clock that is killed."""


class Dying:
    """A store whose clock is killed when it moves a row."""

    def __init__(self, store):
        self.all = store.all

    def move(self, standing):
        """Do nothing any more."""
        raise Killed


@pytest.fixture
def killed(hourly, container):
    """Let a clock be killed after it submitted a job and before it moved the row."""

    def kill():
        with pytest.raises(Killed):
            replace(hourly, store=Dying(container.stores.schedules)).tick()

    return kill


def test_any_kind_of_job_is_started_with_its_parameters(
    container, workspace, scheduler, clock, make, declare
):
    make()
    (workspace / "data").mkdir()
    shutil.copy(workspace / "data.csv", workspace / "data" / "in.csv")
    parameters = {"input": "data/in.csv", "output": "data/out.csv", "overwrite": True}
    nightly = {"name": "nightly", "kind": "batch", "cron": "0 * * * *", "parameters": parameters}
    declare(schedules=[nightly])

    scheduler.tick()
    clock.on(hours=1)
    scheduler.tick()

    first, second = container.jobs.list("default", kind="batch")
    assert first.payload == second.payload
    assert first.payload["output"].endswith("data/out.csv")


def test_a_killed_clock_is_followed_by_one_that_finds_the_same_job(
    hourly, killed, container, clock, started, standing
):
    clock.on(hours=1)
    due = clock.now
    killed()
    clock.on(minutes=59)

    hourly.tick()

    assert len(started()) == 2
    assert standing().since == due
    assert standing().job_id == container.jobs.list("default")[0].id


def test_what_came_after_a_clock_was_killed_is_not_lost(hourly, killed, clock, started, standing):
    clock.on(hours=1)
    due = clock.now
    killed()
    clock.on(hours=1, seconds=5)

    hourly.tick()
    hourly.tick()

    assert [key[-16:] for key in started()[1:]] == [at(due), at(due + timedelta(hours=1))]
    assert standing().since == due + timedelta(hours=1)


def test_a_clock_that_is_killed_while_it_makes_up_for_much_did_so_once(
    hourly, killed, clock, started
):
    clock.on(hours=10, minutes=20)
    killed()
    clock.on(minutes=20)

    hourly.tick()
    hourly.tick()

    assert len(started()) == 2


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(minutes=61), timedelta(hours=20)])
def test_a_clock_that_is_set_forward_and_back_fires_nothing_twice(hourly, clock, started, back):
    clock.on(hours=1)
    hourly.tick()
    clock.now += back
    hourly.tick()
    ahead = clock.now
    so_far = started()

    clock.now -= back
    while clock.now <= ahead:
        hourly.tick()
        clock.on(minutes=10)
    assert started() == so_far

    clock.on(hours=1)
    hourly.tick()
    assert len(started()) == len(so_far) + 1


def test_a_clock_that_was_days_ahead_does_not_stop_a_schedule_for_days(hourly, clock, started):
    clock.on(days=400)
    hourly.tick()
    clock.on(days=-400)

    with capture_logs() as events:
        hourly.tick()
    for _ in range(3):
        clock.on(hours=1)
        hourly.tick()

    assert [event["event"] for event in events] == ["schedule.clock_was_wrong"]
    assert len(started()) == 4, "its first moment was taken by the run of the wrong clock"


def test_one_run_makes_up_for_all_that_were_missed(hourly, clock, started, standing):
    first = clock.now + timedelta(hours=1)
    clock.on(days=30, minutes=20)

    hourly.tick()
    hourly.tick()

    assert started()[1:] == [f"schedule:value:training.schedule:{at(first)}"]
    assert standing().since == clock.now - timedelta(minutes=20)


def test_missed_runs_are_skipped_where_that_is_declared(scheduler, clock, declare, started):
    declare(training={**HOURLY, "missed": "skip"})
    scheduler.tick()
    before = len(started())
    clock.on(hours=5, minutes=20)

    with capture_logs() as events:
        scheduler.tick()
    assert [event["event"] for event in events] == ["schedule.skipped"]
    assert len(started()) == before

    clock.on(minutes=40, seconds=30)
    scheduler.tick()
    assert len(started()) == before + 1


def test_a_schedule_that_was_declared_while_no_clock_ran_is_made_up_for(
    scheduler, clock, declare, started
):
    declare(training=HOURLY)
    clock.on(hours=3, minutes=30)

    scheduler.tick()

    assert len(started()) == 1


def test_a_changed_schedule_begins_anew(hourly, container, clock, declare, started):
    declare(training={"schedule": "30 * * * *"})
    clock.on(minutes=10)
    hourly.tick()
    before = started()
    clock.on(minutes=30)
    hourly.tick()

    (key,) = started()[len(before) :]
    assert key.endswith(":30")


def test_a_change_of_anything_else_leaves_a_schedule_where_it_is(hourly, clock, declare, started):
    clock.on(hours=1)
    declare(training={**HOURLY, "seed": 7})

    hourly.tick()

    assert len(started()) == 2


def test_a_schedule_that_is_taken_out_stops_and_one_that_comes_back_repeats_nothing(
    hourly, clock, declare, started, standing
):
    declare()
    clock.on(hours=1)
    hourly.tick()
    assert not standing().declared
    assert len(started()) == 1

    declare(training=HOURLY)
    hourly.tick()
    assert len(started()) == 2, "declared before the moment that is due now"
    clock.on(minutes=5)
    hourly.tick()
    assert len(started()) == 2


def test_a_clock_with_an_older_view_undoes_nothing(container, scheduler, clock, declare, standing):
    declare(training=HOURLY)
    old = scheduler.starters()
    declare(training={"schedule": "30 * * * *"})
    scheduler.tick()
    new = standing()

    replace(scheduler, starters=lambda: old).tick()

    assert standing() == new


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
    assert [event["event"] for event in events] == ["schedule.not_started"]
    jobs.error = None

    away.tick()

    assert len(started()) == 1


def test_the_registry_is_read_again_only_when_it_changed(container, scheduler, declare):
    class Counting:
        def __init__(self):
            self.reads = 0

        def current(self):
            return container.stores.revision.current()

        def served(self):
            self.reads += 1
            return container.stores.revision.served()

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
                answers.wait(30)
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
