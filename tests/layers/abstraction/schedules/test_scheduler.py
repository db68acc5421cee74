"""Schedules start jobs: once each, whatever clocks, declarations and databases do."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs
from tiny import named

from minerva.layers.abstraction.schedules.starters import Starters

HOURLY = {"schedule": "0 * * * *"}


def at(moment):
    """Return a moment as keys tell it."""
    return f"{moment:%Y-%m-%dT%H:%M}"


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
    assert named(events, "schedule.") == ["schedule.skipped"]
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
