"""The regular look at what no one holds."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.jobs.job import JobState, Lease
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked
from minerva.layers.abstraction.jobs.sweeper import last_due
from minerva.layers.abstraction.registry.records import Configuration

NIGHTLY = {"schedule": "0 3 * * *"}


class Clock:
    """A clock that is set."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        """Tell the time."""
        return self.now


@pytest.fixture
def clock():
    """The sweeper's time: real to begin with, as rows are stamped by the real one."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def sweeper(container, clock):
    """A sweeper whose time is `clock`."""
    return replace(container.sweeper, now=clock, jobs=replace(container.jobs, now=clock))


@pytest.fixture
def submit(container, declare):
    """Submit a training and forget that it was sent."""

    def submitted(max_attempts=3):
        configuration = declare()
        asked = Asked(tenant=configuration.tenant, service=configuration.service, author="ann")
        job, _ = replace(container.jobs, max_attempts=max_attempts).submit(TRAIN, asked)
        container.queue.sent.clear()
        return job.id

    return submitted


def claim(container, clock, job_id):
    """Take a job for ten seconds."""
    lease = Lease("token", "worker", clock() + timedelta(seconds=10))
    assert container.stores.leases.claim(job_id, lease, clock()) is not None


def state(container, job_id):
    """Return where a job is."""
    return container.jobs.get("default", job_id).state


def test_a_lost_lease_is_recovered_and_the_job_is_sent(container, sweeper, clock, submit):
    job_id = submit()
    claim(container, clock, job_id)
    sweeper.tick()
    before = (state(container, job_id), list(container.queue.sent))
    clock.now += timedelta(seconds=11)

    with capture_logs() as events:
        sweeper.tick()

    assert before == (JobState.RUNNING, [])
    assert state(container, job_id) is JobState.QUEUED
    assert set(container.queue.sent) == {job_id}
    assert events[0]["event"] == "job.recovered"
    assert (events[0]["job_id"], events[0]["state"], events[0]["attempt"]) == (job_id, "queued", 1)


def test_a_job_without_attempts_left_is_dead_and_not_sent(container, sweeper, clock, submit):
    job_id = submit(max_attempts=1)
    claim(container, clock, job_id)
    clock.now += timedelta(seconds=11)

    sweeper.tick()

    assert state(container, job_id) is JobState.DEAD
    assert list(container.queue.sent) == []


def test_a_lost_message_is_sent_again_but_not_at_every_tick(container, sweeper, clock, submit):
    job_id = submit()

    sweeper.tick()
    sweeper.tick()
    once = list(container.queue.sent)
    clock.now += timedelta(seconds=container.sweeper.resend_after_s + 1)
    sweeper.tick()

    assert once == [job_id]
    assert list(container.queue.sent) == [job_id, job_id]


def test_a_schedule_starts_one_training_however_many_sweep(container, sweeper, clock, declare):
    declare(training=NIGHTLY)
    clock.now = (clock.now + timedelta(days=1)).replace(hour=3, minute=0, second=1)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: sweeper.tick(), range(8)))
    sweeper.tick()

    (job,) = container.jobs.list("default")
    assert job.idempotency_key == f"schedule:value:{clock.now:%Y-%m-%dT03:00}"
    assert job.author == "schedule"

    clock.now += timedelta(days=1)
    sweeper.tick()

    assert len(container.jobs.list("default")) == 2


def test_a_worker_that_was_away_makes_up_for_the_last_time_only(container, sweeper, clock, declare):
    declare(training=NIGHTLY)
    clock.now += timedelta(days=30)

    sweeper.tick()

    assert len(container.jobs.list("default")) == 1


def test_nothing_is_started_for_times_before_the_declaration(container, sweeper, declare):
    declare(training={"schedule": "* * * * *"})

    sweeper.tick()

    assert container.jobs.list("default") == []


def test_one_schedule_that_cannot_start_stops_no_other(container, sweeper, clock, declare):
    declare("a", training=NIGHTLY)
    declare("b", training=NIGHTLY)
    clock.now += timedelta(days=2)
    jobs = sweeper.jobs

    class Picky:
        def submit(self, kind, asked):
            if asked.service == "a":
                raise InvalidConfiguration("Not this one.")
            return jobs.submit(kind, asked)

    with capture_logs() as events:
        replace(sweeper, jobs=Picky()).tick()

    assert [job.service for job in container.jobs.list("default")] == ["b"]
    assert ("schedule.not_started", "a") in [(e["event"], e.get("service")) for e in events]


def configured(schedule, created):
    """Return a configuration with a schedule."""
    training = {} if schedule is None else {"schedule": schedule}
    declaration = {
        "service": "a",
        "algorithm": "b",
        "schema": {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}},
        "training": training,
    }
    return Configuration("default", "a", 1, "", declaration, "me", created)


MARCH = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "created", "due"),
    [
        (None, datetime(2020, 1, 1, tzinfo=UTC), None),
        ("0 3 * * *", datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, 3, tzinfo=UTC)),
        ("30 12 * * *", datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        (
            "31 12 * * *",
            datetime(2020, 1, 1, tzinfo=UTC),
            datetime(2026, 2, 28, 12, 31, tzinfo=UTC),
        ),
        ("0 0 29 2 *", datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)),
        ("0 3 * * *", datetime(2026, 3, 1, 3, tzinfo=UTC), None),
        (
            "0 3 * * *",
            datetime(2026, 3, 1, 2, 59, 59, tzinfo=UTC),
            datetime(2026, 3, 1, 3, tzinfo=UTC),
        ),
        ("0 3 * * *", datetime(2026, 3, 1, 4, tzinfo=UTC), None),
    ],
)
def test_what_is_due_is_the_last_time_since_the_declaration(schedule, created, due):
    assert last_due(configured(schedule, created), MARCH) == due


def test_a_time_is_due_at_its_very_second():
    created = datetime(2020, 1, 1, tzinfo=UTC)
    three = datetime(2026, 3, 1, 3, tzinfo=UTC)

    assert last_due(configured("0 3 * * *", created), three) == three
    assert last_due(configured("0 3 * * *", created), three - timedelta(seconds=1)) == (
        three - timedelta(days=1)
    )
