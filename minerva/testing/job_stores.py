"""What every store of jobs, and of the leases on them, must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from minerva.errors import Conflict, MinervaError
from minerva.layers.abstraction.jobs.job import Job, JobState, Lease, NewJob
from minerva.layers.abstraction.jobs.store import Ending, JobLeases, JobStore
from minerva.testing.threads import at_once

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
SOON = NOW + timedelta(seconds=5)
LATER = NOW + timedelta(seconds=20)
AT_ONCE = timedelta(0)
MOMENT = timedelta(microseconds=1)


class JobStores(Protocol):
    """What the contract is given."""

    @property
    def jobs(self) -> JobStore: ...
    @property
    def leases(self) -> JobLeases: ...


def a_job(job_id: str = "j1", tenant: str = "acme", key: str | None = None) -> NewJob:
    """Return a job that is about to be submitted."""
    return NewJob(
        id=job_id,
        tenant=tenant,
        service="churn",
        kind="train",
        payload={"rows": 7043, "columns": ["tenure", "contract"]},
        configuration_revision=1,
        author="a key",
        idempotency_key=key,
        request_id="r-1",
        trace_id="t-1",
        max_attempts=2,
        created_at=NOW,
    )


def a_lease(token: str = "one", until: datetime = LATER) -> Lease:  # noqa: S107 - a lease's
    """Return a lease that a worker asks for."""
    return Lease(token, f"worker {token}", until)


def ids(jobs: Sequence[Job]) -> list[str]:
    """Return which jobs these are."""
    return [job.id for job in jobs]


def cancelled(stores: JobStores, at: datetime) -> Job:
    """Cancel the job `j1` and return it."""
    released = stores.jobs.cancel("acme", "j1", at)
    assert released is not None
    return released.job


class JobStoreContract:
    """Jobs as tenants and as workers see them: the row is the truth."""

    def test_a_submitted_job_is_queued_and_reads_back_as_it_was(self, stores: JobStores) -> None:
        job, new = stores.jobs.submit(a_job())

        assert new
        assert (job.state, job.attempt, job.cancel_requested) == (JobState.QUEUED, 0, False)
        assert (job.payload, job.created_at) == (a_job().payload, NOW)
        assert (job.result, job.error, job.started_at, job.finished_at) == (None,) * 4
        assert stores.jobs.get("acme", "j1") == job

    def test_the_same_idempotency_key_returns_the_first_job(self, stores: JobStores) -> None:
        first, _ = stores.jobs.submit(a_job("j1", key="once"))

        again, new = stores.jobs.submit(a_job("j2", key="once"))

        assert (again, new) == (first, False)
        assert len(stores.jobs.list("acme")) == 1

    def test_an_idempotency_key_for_another_request_is_a_conflict(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job("j1", key="once"))

        for other in (
            replace(a_job("j2", key="once"), service="fraud"),
            replace(a_job("j2", key="once"), kind="tune"),
            replace(a_job("j2", key="once"), payload={}),
        ):
            with pytest.raises(Conflict, match="idempotency key"):
                stores.jobs.submit(other)

    def test_an_idempotency_key_is_the_tenants_own(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job("j1", "acme", "once"))

        job, new = stores.jobs.submit(a_job("j2", "other", "once"))

        assert new
        assert job.id == "j2"

    def test_an_id_is_used_once(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job("j1"))

        with pytest.raises(Conflict, match="j1"):
            stores.jobs.submit(a_job("j1"))

    def test_of_eight_who_submit_with_one_key_one_makes_the_job(self, stores: JobStores) -> None:
        submitted = at_once(8, lambda i: stores.jobs.submit(a_job(f"j{i}", key="once")))

        assert sum(new for _, new in submitted) == 1
        assert len({job.id for job, _ in submitted}) == 1
        assert len(stores.jobs.list("acme")) == 1

    def test_jobs_are_listed_newest_first_and_filtered(self, stores: JobStores) -> None:
        for minute, service in enumerate(["churn", "fraud", "churn"]):
            at = NOW + timedelta(minutes=minute)
            stores.jobs.submit(replace(a_job(f"j{minute}"), service=service, created_at=at))
        stores.leases.claim("j0", a_lease(), NOW)

        def listed(**asked: object) -> list[str]:
            return ids(stores.jobs.list("acme", **asked))  # type: ignore[arg-type]

        assert listed() == ["j2", "j1", "j0"]
        assert listed(service="churn") == ["j2", "j0"]
        assert listed(state=JobState.RUNNING) == ["j0"]
        assert listed(kind="tune") == []
        assert listed(limit=2) == ["j2", "j1"]
        assert listed(limit=2, before="j1") == ["j0"]
        assert listed(before="j0") == []

    def test_a_tenant_sees_nothing_of_another(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())

        assert stores.jobs.get("other", "j1") is None
        assert stores.jobs.list("other") == []
        assert stores.jobs.events("other", "j1") == []
        assert stores.jobs.cancel("other", "j1", NOW) is None
        assert self._job(stores).state is JobState.QUEUED

    def test_a_claimed_job_runs_its_first_attempt(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())

        job = stores.leases.claim("j1", a_lease(), SOON)

        assert job == self._job(stores)
        assert (job.state, job.attempt, job.started_at) == (JobState.RUNNING, 1, SOON)

    def test_a_job_that_is_not_to_be_had_is_not_claimed(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)

        assert stores.leases.claim("j1", a_lease("two"), SOON) is None
        assert stores.leases.claim("unknown", a_lease(), NOW) is None

    def test_of_eight_claimants_one_wins(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())

        claimed = at_once(8, lambda i: stores.leases.claim("j1", a_lease(str(i)), NOW))

        assert sum(job is not None for job in claimed) == 1
        assert self._job(stores).attempt == 1

    def test_an_ended_lease_can_be_taken_over_and_the_old_token_is_worthless(
        self, stores: JobStores
    ) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease("old", SOON), NOW)

        taken = stores.leases.claim("j1", a_lease("new", LATER), SOON)

        assert taken is not None
        assert taken.attempt == 2
        assert stores.leases.renew("j1", "old", LATER, 0.9, "") is None
        assert not stores.leases.finish("j1", "old", Ending(JobState.SUCCEEDED), SOON)
        assert stores.leases.renew("j1", "new", LATER, 0.1, "") is False

    def test_a_job_out_of_attempts_is_not_taken_over(self, stores: JobStores) -> None:
        stores.jobs.submit(replace(a_job(), max_attempts=1))
        stores.leases.claim("j1", a_lease("old", SOON), NOW)

        assert stores.leases.claim("j1", a_lease("new"), LATER) is None

    def test_a_renewed_lease_tells_progress_and_is_not_recovered(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease("one", SOON), NOW)

        cancel = stores.leases.renew("j1", "one", LATER, 0.5, "tree 150 of 300")

        assert cancel is False
        assert stores.leases.recover(SOON) == []
        assert (self._job(stores).progress, self._job(stores).message) == (0.5, "tree 150 of 300")

    def test_progress_stays_between_0_and_1(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)
        seen = []

        for told in (float("nan"), -1.0, 7.0):
            stores.leases.renew("j1", "one", LATER, told, "")
            seen.append(self._job(stores).progress)

        assert seen == [0.0, 0.0, 1.0]

    def test_a_finished_job_keeps_its_result_and_lets_go_of_the_lease(
        self, stores: JobStores
    ) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)

        done = stores.leases.finish(
            "j1", "one", Ending(JobState.SUCCEEDED, result={"version": 3}), SOON
        )

        job = self._job(stores)
        assert done
        assert (job.state, job.result, job.finished_at) == (
            JobState.SUCCEEDED,
            {"version": 3},
            SOON,
        )
        assert job.progress == 1.0
        assert stores.leases.renew("j1", "one", LATER, 0.1, "") is None
        assert not stores.leases.finish("j1", "one", Ending(JobState.FAILED), LATER)

    def test_a_failed_job_keeps_its_error(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)

        stores.leases.finish(
            "j1", "one", Ending(JobState.FAILED, error={"code": "invalid_data"}), SOON
        )

        job = self._job(stores)
        assert (job.state, job.error, job.result) == (
            JobState.FAILED,
            {"code": "invalid_data"},
            None,
        )

    def test_a_job_cannot_be_finished_as_running(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)

        with pytest.raises(MinervaError):
            stores.leases.finish("j1", "one", Ending(JobState.RUNNING), SOON)

    def test_a_job_that_is_put_back_waits_and_can_be_claimed_again(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.waiting(AT_ONCE, NOW)
        stores.leases.claim("j1", a_lease(), NOW)

        assert stores.leases.finish("j1", "one", Ending(JobState.QUEUED), SOON)

        assert self._job(stores).state is JobState.QUEUED
        assert self._job(stores).finished_at is None
        assert ids(stores.leases.waiting(AT_ONCE, SOON)) == ["j1"]
        again = stores.leases.claim("j1", a_lease("two"), SOON)
        assert again is not None
        assert again.attempt == 2

    def test_a_job_that_was_asked_to_stop_is_not_put_back(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)
        stores.jobs.cancel("acme", "j1", NOW)

        stores.leases.finish("j1", "one", Ending(JobState.QUEUED), SOON)

        assert self._job(stores).state is JobState.CANCELLED

    def test_a_queued_job_is_cancelled_at_once(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())

        job = cancelled(stores, SOON)

        assert job == self._job(stores)
        assert (job.state, job.finished_at) == (JobState.CANCELLED, SOON)
        assert stores.leases.claim("j1", a_lease(), SOON) is None

    def test_a_running_job_is_asked_to_stop(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)

        job = cancelled(stores, SOON)

        assert (job.state, job.cancel_requested) == (JobState.RUNNING, True)
        assert stores.leases.renew("j1", "one", LATER, 0.5, "") is True

    def test_an_ended_job_is_left_as_it_is(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease(), NOW)
        stores.leases.finish("j1", "one", Ending(JobState.SUCCEEDED), SOON)
        before = self._job(stores)

        assert cancelled(stores, LATER) == before

    def test_an_unknown_job_cannot_be_cancelled(self, stores: JobStores) -> None:
        assert stores.jobs.cancel("acme", "j1", NOW) is None

    def test_an_abandoned_job_is_put_back(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease("one", SOON), NOW)

        before = stores.leases.recover(SOON - timedelta(microseconds=1))
        recovered = stores.leases.recover(SOON)

        assert before == []
        assert [one.job for one in recovered] == [self._job(stores)]
        assert recovered[0].job.state is JobState.QUEUED
        assert ids(stores.leases.waiting(AT_ONCE, SOON)) == ["j1"]
        assert stores.leases.recover(LATER) == []

    def test_an_abandoned_job_out_of_attempts_is_dead(self, stores: JobStores) -> None:
        stores.jobs.submit(replace(a_job(), max_attempts=1))
        stores.leases.claim("j1", a_lease("one", SOON), NOW)

        (released,) = stores.leases.recover(LATER)
        job = released.job

        assert (job.state, job.finished_at) == (JobState.DEAD, LATER)
        assert job.error is not None

    def test_an_abandoned_job_that_was_asked_to_stop_is_cancelled(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease("one", SOON), NOW)
        stores.jobs.cancel("acme", "j1", NOW)

        taken_over = stores.leases.claim("j1", a_lease("two"), LATER)
        (released,) = stores.leases.recover(LATER)
        job = released.job

        assert taken_over is None
        assert (job.state, job.finished_at) == (JobState.CANCELLED, LATER)

    def test_of_eight_sweepers_one_recovers(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease("one", SOON), NOW)

        recovered = at_once(8, lambda _: stores.leases.recover(LATER))

        assert sum(len(jobs) for jobs in recovered) == 1
        assert len(stores.jobs.events("acme", "j1")) == 3

    def test_waiting_jobs_are_told_oldest_first_and_once(self, stores: JobStores) -> None:
        stores.jobs.submit(replace(a_job("young"), created_at=SOON))
        stores.jobs.submit(a_job("old", "other"))
        stores.jobs.submit(a_job("taken"))
        stores.leases.claim("taken", a_lease(), NOW)

        waited = LATER - SOON
        assert ids(stores.leases.waiting(AT_ONCE, SOON)) == ["old", "young"]
        assert stores.leases.waiting(waited, LATER) == []
        assert ids(stores.leases.waiting(waited - MOMENT, LATER)) == ["old", "young"]

    def test_each_waiting_job_is_told_to_one_of_eight_sweepers(self, stores: JobStores) -> None:
        for number in range(5):
            stores.jobs.submit(a_job(f"j{number}"))

        told = at_once(8, lambda _: stores.leases.waiting(AT_ONCE, NOW))

        assert sorted(job_id for jobs in told for job_id in ids(jobs)) == [
            f"j{n}" for n in range(5)
        ]

    def test_every_change_of_state_is_in_the_history(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", a_lease("one", SOON), NOW)
        stores.leases.recover(SOON)
        stores.leases.claim("j1", a_lease("two"), SOON)
        stores.leases.finish("j1", "two", Ending(JobState.FAILED), LATER)

        events = stores.jobs.events("acme", "j1")

        assert [(event.number, event.at, event.state, event.attempt) for event in events] == [
            (1, NOW, JobState.QUEUED, 0),
            (2, NOW, JobState.RUNNING, 1),
            (3, SOON, JobState.QUEUED, 1),
            (4, SOON, JobState.RUNNING, 2),
            (5, LATER, JobState.FAILED, 2),
        ]
        assert stores.jobs.events("acme", "j1", after=3) == events[3:]

    def test_a_cancelled_job_says_so_in_its_history(self, stores: JobStores) -> None:
        stores.jobs.submit(a_job())
        stores.jobs.cancel("acme", "j1", SOON)

        last = stores.jobs.events("acme", "j1")[-1]

        assert (last.number, last.at, last.state) == (2, SOON, JobState.CANCELLED)

    @staticmethod
    def _job(stores: JobStores) -> Job:
        job = stores.jobs.get("acme", "j1")
        assert job is not None
        return job
