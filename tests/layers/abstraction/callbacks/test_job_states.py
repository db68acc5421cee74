"""Plugins are told of every state that a job comes into, and of the training in it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tiny import silent

from minerva.errors import AlgorithmFailed
from minerva.layers.abstraction.jobs.job import Lease
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked


class Told(list):
    """What was told, in order; called as `Tell` is."""

    def __call__(self, hook, /, **facts):
        self.append((hook, facts))

    def states(self) -> list[tuple]:
        """Return what was told of jobs."""
        return [
            (facts["job"].state, facts["job"].attempt, facts["job"].code)
            for hook, facts in self
            if hook == "minerva_job_state"
        ]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def jobs(container, told):
    return replace(container.jobs, tell=told, max_attempts=1)


@pytest.fixture
def submit(jobs, declare):
    """Submit a training; `key` makes it idempotent."""

    def submitted(algorithm="linear", key=None, **parts):
        declare("value", algorithm, **parts)
        asked = Asked(
            tenant="default",
            service="value",
            author="ann",
            request_id="r-1",
            trace_id="t",
            idempotency_key=key,
        )
        return jobs.submit(TRAIN, asked)[0]

    return submitted


def test_a_submitted_job_is_told_of_once(submit, told):
    job = submit(key="k")
    submit(key="k")

    ((_, facts),) = told
    change = facts["job"]
    assert (change.id, change.tenant, change.service) == (job.id, "default", "value")
    assert (change.kind, change.state, change.author) == ("train", "queued", "ann")
    assert change.request_id == "r-1"


def test_a_cancelled_job_is_told_of_once(submit, jobs, told):
    job = submit()

    jobs.cancel("default", job.id)
    jobs.cancel("default", job.id)

    assert told.states() == [("queued", 0, None), ("cancelled", 0, None)]


def test_a_job_is_told_of_when_it_begins_and_ends(submit, container, told):
    job = submit()

    replace(container.runner, tell=told).run(job.id)

    assert told.states() == [
        ("queued", 0, None), ("running", 1, None), ("succeeded", 1, None),
    ]  # fmt: skip


def test_a_job_that_failed_is_told_of_with_its_code(submit, container, told):
    job = submit("misbehaving", parameters={"train": "raise"})

    replace(container.runner, tell=told).run(job.id)

    assert told.states()[-1] == ("failed", 1, "algorithm_failed")


def test_a_job_whose_worker_was_lost_is_told_of_as_dead(submit, jobs, container, told):
    job = submit()
    now = container.jobs.now()
    lease = Lease("token", "owner", now - timedelta(seconds=1))
    container.stores.leases.claim(job.id, lease, now - timedelta(seconds=60))

    replace(container.sweeper, jobs=jobs).tick()

    assert told.states()[-1][:2] == ("dead", 1)


def test_a_version_that_is_made_is_told_of(container, declare, told):
    configuration = declare()

    replace(container.versioning, tell=told).make(
        configuration, job_id="job-1", author="ann", progress=silent
    )

    assert [hook for hook, _ in told] == ["minerva_before_train", "minerva_after_train"]
    training = told[0][1]["training"]
    assert (training.service, training.algorithm, training.author) == ("value", "linear", "ann")
    assert (training.job_id, training.configuration_revision) == ("job-1", 1)
    assert told[1][1]["result"].version == 1


def test_a_version_that_cannot_be_made_is_told_of(container, declare, told):
    configuration = declare("value", "misbehaving", parameters={"train": "raise"})

    with pytest.raises(AlgorithmFailed):
        replace(container.versioning, tell=told).make(
            configuration, job_id=None, author="ann", progress=silent
        )

    assert told[-1][1]["result"].code == "algorithm_failed"
