"""Jobs as callers meet them."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from minerva.errors import Conflict, NotFound, Unavailable
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked


@pytest.fixture
def jobs(container):
    """The use cases."""
    return container.jobs


@pytest.fixture
def submit(container, declare):
    """Submit a training of the service `value`."""
    declare()

    def submitted(service="value", key=None, jobs=None, tenant="default"):
        asked = Asked(
            tenant=tenant,
            service=service,
            author="ann",
            request_id="r-1",
            trace_id="t-1",
            idempotency_key=key,
        )
        return (jobs or container.jobs).submit(TRAIN, asked)

    return submitted


def of_jobs(events):
    """Return the jobs' own events: plugins log in the background what they hear."""
    return [event for event in events if event["event"].startswith("job.")]


def test_a_training_is_of_the_newest_configuration(container, declare, submit):
    declare(description="Changed.")

    with capture_logs() as events:
        job, fresh = submit()

    assert fresh
    assert (job.configuration_revision, job.author, job.payload) == (2, "ann", {})
    assert (job.state, job.kind, job.max_attempts) == (JobState.QUEUED, "train", 3)
    assert list(container.queue.sent) == [job.id]
    assert [event["event"] for event in of_jobs(events)] == ["job.submitted"]


def test_the_same_key_is_the_same_job_and_is_sent_once(container, submit):
    first, fresh = submit(key="once")
    again, repeated = submit(key="once")
    other, _ = submit(key="twice")

    assert (fresh, repeated, again.id) == (True, False, first.id)
    assert list(container.queue.sent) == [first.id, other.id]


def test_the_same_key_is_the_same_job_even_when_the_configuration_changed(declare, submit):
    """Who asks again after a lost answer must not be told of a conflict that is not theirs."""
    first, _ = submit(key="once")
    declare(description="Changed.")

    again, fresh = submit(key="once")

    assert (again.id, again.configuration_revision, fresh) == (first.id, 1, False)


def test_the_same_key_for_another_service_is_a_conflict(declare, submit):
    declare("other")
    submit(key="once")

    with pytest.raises(Conflict):
        submit("other", key="once")


def test_a_service_that_does_not_exist_cannot_be_trained(submit):
    with pytest.raises(NotFound):
        submit("valve")
    with pytest.raises(NotFound):
        submit(tenant="acme")


def test_a_queue_that_is_away_loses_nothing(container, submit):
    class Away:
        def send(self, job_id, queue):
            raise Unavailable("The broker is away.")

    with capture_logs() as events:
        job, fresh = submit(jobs=replace(container.jobs, queue=Away()))

    assert fresh
    assert container.jobs.get("default", job.id).state is JobState.QUEUED
    (event,) = [event for event in events if event["event"] == "queue.away"]
    assert (event["job_id"], event["reason"]) == (job.id, "The broker is away.")


def test_another_tenants_job_is_not_there(jobs, submit):
    job, _ = submit()

    for call in (jobs.get, jobs.cancel, jobs.events, jobs.log):
        with pytest.raises(NotFound, match=f"There is no job '{job.id}'"):
            call("acme", job.id)
        with pytest.raises(NotFound):
            call("default", "../../etc")
    assert jobs.list("acme") == []


def test_jobs_are_listed_newest_first_and_by_what_is_asked(jobs, declare, submit):
    declare("other")
    first, second, third = submit()[0], submit("other")[0], submit()[0]
    jobs.cancel("default", first.id)

    assert [job.id for job in jobs.list("default")] == [third.id, second.id, first.id]
    assert [job.id for job in jobs.list("default", service="value", limit=1)] == [third.id]
    assert [job.id for job in jobs.list("default", state=JobState.CANCELLED)] == [first.id]


def test_a_queued_job_is_cancelled_at_once(jobs, submit):
    job, _ = submit()

    with capture_logs() as events:
        cancelled = jobs.cancel("default", job.id)

    assert cancelled.state is JobState.CANCELLED
    assert of_jobs(events) == [
        {
            "event": "job.cancel_asked",
            "job_id": job.id,
            "state": "cancelled",
            "log_level": "info",
        }
    ]
    assert [event.number for event in jobs.events("default", job.id)] == [1, 2]
    assert [event.number for event in jobs.events("default", job.id, after=1)] == [2]


def test_the_log_is_what_all_attempts_printed_in_their_order(jobs, submit):
    job, _ = submit()
    folder = jobs.folder / job.id
    folder.mkdir(parents=True)
    for attempt in (10, 2, 1):
        (folder / f"attempt-{attempt}.log").write_bytes(
            f"attempt {attempt}\xff\n".encode("latin-1")
        )

    assert jobs.log("default", job.id) == "".join(
        f"attempt {attempt}\N{REPLACEMENT CHARACTER}\n" for attempt in (1, 2, 10)
    )


def test_a_job_that_never_ran_has_printed_nothing(jobs, submit):
    assert jobs.log("default", submit()[0].id) == ""
