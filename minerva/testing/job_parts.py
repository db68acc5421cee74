"""What every store of jobs must do about jobs that have parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.job import Job, JobState, NewJob, Queue
from minerva.layers.abstraction.jobs.limits import Bounds, JobLimits
from minerva.layers.abstraction.jobs.store import Ending, Released
from minerva.testing.job_order import order_of
from minerva.testing.job_stores import AT_ONCE, LATER, NOW, SOON, JobStores, a_job, a_lease, ids
from minerva.testing.threads import at_once

DONE = Ending(JobState.SUCCEEDED, result={"rows": 1})


def a_part(number: int, made: datetime = NOW) -> NewJob:
    """Return a part of the job `j1`."""
    return replace(
        a_job(f"p{number}", key=f"part:j1:{number}"),
        kind="batch.part",
        queue=Queue.BATCH,
        parent="j1",
        created_at=made + timedelta(microseconds=number),
    )


def parked(stores: JobStores, count: int = 2, made: datetime = NOW, priority: int = 0) -> Released:
    """Let the job `j1` wait for so many parts, made at a time of their own."""
    stores.jobs.submit(replace(a_job(), priority=priority))
    stores.leases.claim("j1", a_lease(), NOW)
    parts = [replace(a_part(number, made), priority=priority) for number in range(count)]
    released = stores.leases.park("j1", "one", parts, "split", NOW)
    assert released is not None
    return released


def end_part(stores: JobStores, number: int, ending: Ending = DONE) -> Released:
    """Run a part to its end."""
    stores.leases.claim(f"p{number}", a_lease(f"p{number}"), SOON)
    released = stores.leases.finish(f"p{number}", f"p{number}", ending, SOON)
    assert released is not None
    return released


def parent(stores: JobStores) -> Job:
    """Return the job `j1`."""
    job = stores.jobs.get("acme", "j1")
    assert job is not None
    return job


class JobPartsContract:
    """A job that lets parts of itself be done, and goes on when they have ended."""

    def test_a_job_waits_for_its_parts_without_a_lease(self, stores: JobStores) -> None:
        released = parked(stores)

        assert ids(released.woken) == ["p0", "p1"]
        assert (parent(stores).state, parent(stores).open_parts) == (JobState.RUNNING, 2)
        assert ids(stores.jobs.parts("acme", "j1")) == ["p0", "p1"]
        assert stores.leases.recover(LATER + timedelta(days=1)) == []
        assert stores.leases.claim("j1", a_lease("two"), LATER) is None
        assert stores.leases.renew("j1", "one", LATER, 0.5, "") is None

    def test_a_job_that_waits_is_told_how_far_its_parts_are(self, stores: JobStores) -> None:
        parked(stores)

        stores.jobs.tell("acme", "j1", 0.25, "5 of 20", 9.5)

        job = parent(stores)
        assert (job.progress, job.message, job.seconds_left) == (0.25, "5 of 20", 9.5)
        end_part(stores, 0)
        end_part(stores, 1)
        before = parent(stores)
        stores.jobs.tell("acme", "j1", 0.5, "too late", None)
        stores.jobs.tell("other", "j1", 0.5, "not theirs", None)
        stores.jobs.tell("acme", "j9", 0.5, "nobody", None)
        assert parent(stores) == before

    def test_parts_are_listed_only_as_parts(self, stores: JobStores) -> None:
        parked(stores)

        assert ids(stores.jobs.list("acme")) == ["j1"]
        assert ids(stores.jobs.list("acme", parent="j1")) == ["p1", "p0"]
        assert stores.jobs.parts("other", "j1") == []

    def test_the_last_part_lets_the_job_go_on_with_all_its_attempts(
        self, stores: JobStores
    ) -> None:
        parked(stores)

        first = end_part(stores, 0)
        half = parent(stores)
        last = end_part(stores, 1)

        assert (first.woken, half.open_parts, half.progress) == ([], 1, 0.5)
        assert half.message == "1 of 2 parts"
        assert ids(last.woken) == ["j1"]
        job = parent(stores)
        assert (job.state, job.attempt, job.max_attempts) == (JobState.QUEUED, 1, 3)
        assert ids(stores.leases.waiting(AT_ONCE, SOON)) == ["j1"]

    @pytest.mark.parametrize("state", [JobState.FAILED, JobState.DEAD, JobState.CANCELLED])
    def test_parts_that_did_not_succeed_have_ended_too(
        self, stores: JobStores, state: JobState
    ) -> None:
        parked(stores)
        end_part(stores, 0)

        last = end_part(stores, 1, Ending(state, error={"code": "x"}))

        assert ids(last.woken) == ["j1"]
        assert [part.state for part in stores.jobs.parts("acme", "j1")] == [
            JobState.SUCCEEDED,
            state,
        ]

    def test_a_lost_part_that_dies_lets_the_job_go_on(self, stores: JobStores) -> None:
        parked(stores, 1)
        for token in ("a", "b"):
            stores.leases.claim("p0", a_lease(token, SOON), NOW)
            (recovered,) = stores.leases.recover(SOON)

        assert recovered.job.state is JobState.DEAD
        assert ids(recovered.woken) == ["j1"]

    def test_of_eight_parts_that_end_at_once_one_lets_the_job_go_on(
        self, stores: JobStores
    ) -> None:
        parked(stores, 8)

        ended = at_once(8, lambda number: end_part(stores, number))

        assert sum(len(released.woken) for released in ended) == 1
        assert (parent(stores).state, parent(stores).open_parts) == (JobState.QUEUED, 0)

    def test_parts_are_made_once(self, stores: JobStores) -> None:
        parked(stores)
        end_part(stores, 0)
        end_part(stores, 1)
        stores.leases.claim("j1", a_lease("two"), SOON)

        again = stores.leases.park("j1", "two", [a_part(0), a_part(1)], "split", SOON)

        assert again is not None
        assert ids(again.woken) == ["j1"]
        assert parent(stores).state is JobState.QUEUED
        assert len(stores.jobs.parts("acme", "j1")) == 2

    def test_only_who_holds_the_job_splits_it(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)

        assert stores.leases.park("j1", "other", [a_part(0)], "", NOW) is None
        assert stores.jobs.parts("acme", "j1") == []

    def test_cancelling_a_job_cancels_its_parts(self, stores: JobStores) -> None:
        parked(stores)
        stores.leases.claim("p0", a_lease("p0"), NOW)

        stores.jobs.cancel("acme", "j1", SOON)
        running, queued = stores.jobs.parts("acme", "j1")
        waits = parent(stores)
        ended = stores.leases.finish("p0", "p0", Ending(JobState.CANCELLED), LATER)

        assert (running.state, running.cancel_requested) == (JobState.RUNNING, True)
        assert queued.state is JobState.CANCELLED
        assert waits.state is JobState.RUNNING
        assert ended is not None
        assert (parent(stores).state, parent(stores).finished_at) == (JobState.CANCELLED, LATER)

    def test_a_job_whose_parts_all_wait_is_cancelled_at_once(self, stores: JobStores) -> None:
        parked(stores)

        released = stores.jobs.cancel("acme", "j1", SOON)

        assert released is not None
        assert (released.job.state, released.job.finished_at) == (JobState.CANCELLED, SOON)

    def test_a_job_tried_again_has_its_bad_parts_tried_again(self, stores: JobStores) -> None:
        parked(stores)
        end_part(stores, 0)
        end_part(stores, 1, Ending(JobState.DEAD))
        stores.leases.claim("j1", a_lease("two"), SOON)
        stores.leases.finish("j1", "two", Ending(JobState.FAILED), SOON)

        with pytest.raises(Conflict, match="part of job j1"):
            stores.jobs.retry("acme", "p1", 3, "ann", LATER)
        stores.jobs.retry("acme", "j1", 3, "ann", LATER)

        assert parent(stores).open_parts == 1
        assert [part.state for part in stores.jobs.parts("acme", "j1")] == [
            JobState.SUCCEEDED,
            JobState.QUEUED,
        ]
        assert ids(end_part(stores, 1).woken) == ["j1"]

    def test_a_job_that_waits_for_its_parts_takes_no_place_in_its_queue(
        self, stores: JobStores
    ) -> None:
        parked(stores, 1)
        bounds = Bounds(queues={"train": 1, "batch": 1}, tenant=1)

        assert stores.leases.next("batch", SOON, bounds) == "p0"
        assert stores.leases.claim("p0", a_lease("p0"), SOON, bounds) is not None

    def test_parts_have_the_place_of_their_job_in_the_order(self, stores: JobStores) -> None:
        """The oldest accepted job ends first, however late it was split."""
        stores.jobs.submit(replace(a_job("young"), queue=Queue.BATCH, created_at=SOON))
        parked(stores, made=LATER)
        nested = replace(a_part(2), parent="p0", created_at=LATER + timedelta(days=1))
        stores.leases.claim("p0", a_lease("p0"), LATER)
        stores.leases.park("p0", "p0", [nested], "split again", LATER)

        told = ids(stores.leases.waiting(AT_ONCE, LATER))

        assert told == ["p1", "p2", "young"]
        assert order_of(stores, "batch") == told

    def test_parts_have_the_priority_of_their_job(self, stores: JobStores) -> None:
        older = replace(a_job("older"), queue=Queue.BATCH, created_at=NOW - timedelta(days=1))
        stores.jobs.submit(older)
        stores.jobs.submit(replace(a_job("urgent"), queue=Queue.BATCH, priority=8))

        parked(stores, priority=5)

        assert order_of(stores, "batch") == ["urgent", "p0", "p1", "older"]

    def test_parts_do_not_count_as_jobs_of_their_service(self, stores: JobStores) -> None:
        alone = JobLimits(max_running=1).to_json()
        stores.jobs.submit(replace(a_job(), limits=alone))
        stores.jobs.submit(replace(a_job("j2"), limits=alone, created_at=SOON))
        stores.leases.claim("j1", a_lease(), NOW)
        part = replace(a_part(0), limits=alone)
        stores.leases.park("j1", "one", [part], "", NOW)

        assert stores.leases.claim("p0", a_lease("p0"), SOON) is not None
        assert stores.leases.claim("j2", a_lease("two"), SOON) is None
