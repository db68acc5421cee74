"""The regular look at what no one holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from tiny import events_of

from minerva.layers.abstraction.jobs.job import JobState, Lease
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked


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
    (event,) = events_of(events, "job.recovered")
    assert (event["job_id"], event["state"], event["attempt"]) == (job_id, "queued", 1)


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
