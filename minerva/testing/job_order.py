"""What every store of jobs must do about order: priorities, bounds, pauses, further attempts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.job import JobState, Queue
from minerva.layers.abstraction.jobs.limits import Bounds, JobLimits
from minerva.layers.abstraction.jobs.store import MOST_WOKEN, Ending
from minerva.testing.job_stores import AT_ONCE, LATER, NOW, SOON, JobStores, a_job, a_lease, ids
from minerva.testing.threads import at_once

FREE = Bounds()
PUT_BACK = Ending(JobState.QUEUED, error={"code": "unavailable"})


def order_of(stores: JobStores, queue: str) -> list[str]:
    """Claim all jobs of a queue; return which they were, in order."""
    order: list[str] = []
    while (job_id := stores.leases.next(queue, LATER, FREE)) is not None:
        order.append(job_id)
        assert stores.leases.claim(job_id, a_lease(job_id), LATER) is not None
    return order


class JobOrderContract:
    """Which job runs next, and when."""

    def test_the_next_job_is_the_one_of_highest_priority_then_the_oldest(
        self, stores: JobStores
    ) -> None:
        for number, priority in enumerate((0, 5, 5, -5)):
            at = NOW + timedelta(seconds=number)
            stores.jobs.submit(replace(a_job(f"j{number}"), priority=priority, created_at=at))

        assert order_of(stores, "train") == ["j1", "j2", "j0", "j3"]

    def test_a_queue_holds_its_own_jobs_only(self, stores: JobStores) -> None:
        stores.jobs.submit(replace(a_job("slow"), queue=Queue.TRAIN))
        stores.jobs.submit(replace(a_job("fast"), queue=Queue.QUICK))

        assert stores.leases.next("quick", NOW, FREE) == "fast"
        assert stores.leases.next("train", NOW, FREE) == "slow"
        assert stores.leases.next("batch", NOW, FREE) is None

    def test_a_job_that_is_put_back_for_later_rests_until_then(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)
        stores.leases.finish("j1", "one", replace(PUT_BACK, not_before=LATER), NOW)

        resting = stores.leases.next("train", SOON, FREE)
        early = stores.leases.claim("j1", a_lease("two"), SOON)

        assert (resting, early, stores.leases.waiting(AT_ONCE, SOON)) == (None, None, [])
        assert stores.leases.next("train", LATER, FREE) == "j1"
        assert ids(stores.leases.waiting(AT_ONCE, LATER)) == ["j1"]
        assert stores.leases.claim("j1", a_lease("two"), LATER) is not None

    def test_what_the_last_attempt_failed_of_is_known_to_the_next(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)
        stores.leases.finish("j1", "one", PUT_BACK, NOW)

        job = stores.leases.claim("j1", a_lease("two"), NOW)
        stores.leases.finish("j1", "two", Ending(JobState.SUCCEEDED, result={}), SOON)

        assert job is not None
        assert job.error == {"code": "unavailable"}
        done = stores.jobs.get("acme", "j1")
        assert done is not None
        assert done.error is None

    def test_an_attempt_that_does_not_count_costs_none(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        before = stores.jobs.get("acme", "j1")
        stores.leases.claim("j1", a_lease(), NOW)

        stores.leases.finish("j1", "one", replace(PUT_BACK, counts=False), NOW)

        after = stores.jobs.get("acme", "j1")
        assert before is not None
        assert after is not None
        assert after.max_attempts - after.attempt == before.max_attempts - before.attempt

    def test_no_more_jobs_of_a_queue_run_than_its_bound(self, stores: JobStores) -> None:
        bounds = Bounds(queues={"train": 2})
        for number in range(8):
            stores.jobs.submit(a_job(f"j{number}"))

        claimed = at_once(8, lambda i: stores.leases.claim(f"j{i}", a_lease(str(i)), NOW, bounds))

        assert sum(job is not None for job in claimed) == 2
        assert stores.leases.next("train", NOW, bounds) is None

    def test_a_tenant_at_its_bound_leaves_room_for_others(self, stores: JobStores) -> None:
        bounds = Bounds(tenant=1)
        for job_id, tenant in (("j1", "acme"), ("j2", "acme"), ("j3", "other")):
            stores.jobs.submit(a_job(job_id, tenant))
        stores.leases.claim("j1", a_lease(), NOW, bounds)

        assert stores.leases.next("train", NOW, bounds) == "j3"
        assert stores.leases.claim("j2", a_lease("two"), NOW, bounds) is None
        assert stores.leases.claim("j3", a_lease("three"), NOW, bounds) is not None

    def test_a_service_at_its_bound_is_passed_over(self, stores: JobStores) -> None:
        alone = JobLimits(max_running=1).to_json()
        for number in range(60):
            stores.jobs.submit(replace(a_job(f"a{number:02}"), limits=alone))
        stores.jobs.submit(replace(a_job("b"), service="fraud", created_at=SOON))

        stores.leases.claim("a00", a_lease(), NOW)

        assert stores.leases.claim("a01", a_lease("two"), NOW) is None
        assert stores.leases.next("train", SOON, FREE) == "b"
        stores.leases.finish("a00", "one", Ending(JobState.SUCCEEDED), SOON)
        assert stores.leases.next("train", SOON, FREE) == "a01"

    def test_a_lease_from_before_the_clock_was_set_back_has_ended(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease("one", NOW + timedelta(hours=1)), NOW)

        in_time = stores.leases.recover(NOW, NOW + timedelta(hours=2))
        (recovered,) = stores.leases.recover(NOW, NOW + timedelta(minutes=1))

        assert in_time == []
        assert recovered.job.state is JobState.QUEUED

    def test_a_job_that_rests_since_the_future_rests_no_longer(self, stores: JobStores) -> None:
        """The clock was set back; it would rest for an hour and its pause else."""
        hour = timedelta(hours=1)
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW + hour)
        pause = replace(PUT_BACK, not_before=NOW + hour + timedelta(seconds=2))
        stores.leases.finish("j1", "one", pause, NOW + hour)

        assert stores.leases.next("train", NOW, FREE) == "j1"
        assert ids(stores.leases.waiting(AT_ONCE, NOW)) == ["j1"]
        assert stores.leases.claim("j1", a_lease("two"), NOW) is not None

    def test_a_message_from_before_the_clock_was_set_back_counts_for_nothing(
        self, stores: JobStores
    ) -> None:
        stores.jobs.submit(a_job())
        stores.leases.waiting(AT_ONCE, NOW + timedelta(hours=1))

        assert ids(stores.leases.waiting(timedelta(seconds=10), NOW)) == ["j1"]

    def test_only_the_first_few_of_many_are_told(self, stores: JobStores) -> None:
        for number in range(MOST_WOKEN + 5):
            stores.jobs.submit(a_job(f"j{number:02}"))

        told = ids(stores.leases.waiting(AT_ONCE, NOW))

        assert told == [f"j{number:02}" for number in range(MOST_WOKEN)]

    def test_what_has_waited_long_is_told_again_more_rarely(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        hour = timedelta(hours=1)
        stores.leases.waiting(AT_ONCE, NOW + hour)

        soon = stores.leases.waiting(timedelta(seconds=10), NOW + hour + timedelta(minutes=5))
        late = stores.leases.waiting(timedelta(seconds=10), NOW + hour + timedelta(minutes=7))

        assert (ids(soon), ids(late)) == ([], ["j1"])

    @pytest.mark.parametrize("state", [JobState.DEAD, JobState.FAILED, JobState.CANCELLED])
    def test_a_job_that_did_not_succeed_can_be_tried_again(
        self, stores: JobStores, state: JobState
    ) -> None:
        stores.jobs.submit(replace(a_job(), max_attempts=1))
        stores.leases.claim("j1", a_lease(), NOW)
        stores.leases.finish("j1", "one", Ending(state, error={"code": "x"}), SOON)

        job = stores.jobs.retry("acme", "j1", 3, "ann", LATER)

        assert job is not None
        assert (job.state, job.finished_at, job.max_attempts) == (JobState.QUEUED, None, 4)
        assert stores.leases.claim("j1", a_lease("two"), LATER) is not None
        assert "ann" in stores.jobs.events("acme", "j1")[-2].message

    def test_what_has_not_ended_or_has_succeeded_is_not_tried_again(
        self, stores: JobStores
    ) -> None:
        stores.jobs.submit(a_job())
        with pytest.raises(Conflict, match="queued"):
            stores.jobs.retry("acme", "j1", 3, "ann", NOW)
        stores.leases.claim("j1", a_lease(), NOW)
        stores.leases.finish("j1", "one", Ending(JobState.SUCCEEDED), SOON)

        with pytest.raises(Conflict, match="succeeded"):
            stores.jobs.retry("acme", "j1", 3, "ann", NOW)
        assert stores.jobs.retry("other", "j1", 3, "ann", NOW) is None

    def test_jobs_are_told_by_their_ids(self, stores: JobStores) -> None:
        for job_id in ("queued", "running", "done"):
            stores.jobs.submit(a_job(job_id))
        for job_id in ("running", "done"):
            stores.leases.claim(job_id, a_lease(), NOW)
        stores.leases.finish("done", "one", Ending(JobState.SUCCEEDED), NOW)

        told = stores.leases.jobs(["queued", "running", "done", "?"])

        assert {job_id: job.state for job_id, job in told.items()} == {
            "queued": JobState.QUEUED, "running": JobState.RUNNING, "done": JobState.SUCCEEDED,
        }  # fmt: skip
        assert stores.leases.jobs([]) == {}

    def test_what_was_asked_counts_and_not_what_was_made_of_it(self, stores: JobStores) -> None:
        first = replace(a_job("j1", key="once"), request="asked")
        stores.jobs.submit(first)

        again = stores.jobs.known(replace(first, id="j2", payload={"completed": True}))

        assert again is not None
        assert again.id == "j1"
        assert stores.jobs.known(a_job("j3")) is None
        with pytest.raises(Conflict):
            stores.jobs.known(replace(first, request="asked for more"))

    def test_the_end_of_what_each_attempt_printed_is_kept(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        for token, text in (("one", "first"), ("two", "second")):
            stores.leases.claim("j1", a_lease(token), NOW)
            stores.leases.finish("j1", token, replace(PUT_BACK, log=text), NOW)

        assert stores.jobs.logs("acme", "j1") == [(1, "first"), (2, "second")]
        assert stores.jobs.logs("other", "j1") == []
