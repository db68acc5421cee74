"""What every store of subscriptions must do, and what job stores owe to those who are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.job import Job, JobState, Lease, NewJob
from minerva.layers.abstraction.jobs.store import Ending, JobLeases, JobStore
from minerva.layers.abstraction.webhooks.happening import DELIVER, EVENTS
from minerva.layers.abstraction.webhooks.master_key import CALLBACKS
from minerva.layers.abstraction.webhooks.subscription import Subscription, SubscriptionStore
from minerva.testing.job_stores import LATER, NOW, SOON, a_job
from minerva.testing.threads import at_once

URL = "https://hooks.example.com/minerva"
DONE = Ending(JobState.SUCCEEDED, result={"version": "3", "rows": 7043, "place": "data/out.csv"})


class WebhookStores(Protocol):
    """What the contract is given."""

    @property
    def subscriptions(self) -> SubscriptionStore: ...
    @property
    def jobs(self) -> JobStore: ...
    @property
    def leases(self) -> JobLeases: ...


def a_subscription(subscription_id: str = "s1", tenant: str = "acme") -> Subscription:
    """Return a subscription to everything."""
    return Subscription(
        id=subscription_id,
        tenant=tenant,
        service="",
        url=URL,
        events=EVENTS,
        author="a key",
        created_at=NOW,
    )


def run(stores: WebhookStores, job: NewJob, ending: Ending = DONE) -> Job:
    """Submit a job, claim it and end the attempt; return it."""
    stores.jobs.submit(job)
    return run_again(stores, job, ending)


def run_again(stores: WebhookStores, job: NewJob, ending: Ending) -> Job:
    """Claim a job and end the attempt; return it."""
    assert stores.leases.claim(job.id, Lease("one", "a worker", LATER), NOW) is not None
    released = stores.leases.finish(job.id, "one", ending, SOON)
    assert released is not None
    return released.job


def told(stores: WebhookStores, receiver: str | None = None, tenant: str = "acme") -> Sequence[Job]:
    """Return the deliveries."""
    return stores.subscriptions.deliveries(tenant, receiver, 100)


def types(deliveries: Sequence[Job]) -> list[str]:
    """Return what deliveries tell, sorted."""
    return sorted(job.payload["message"]["type"] for job in deliveries)


class WebhookStoreContract:
    """Subscriptions are their tenant's; a job's end and what is to be told of it are one change."""

    def test_a_subscription_is_kept_as_it_was_added(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())

        assert stores.subscriptions.get("acme", "s1") == a_subscription()
        assert stores.subscriptions.get("acme", "s2") is None
        assert stores.subscriptions.list("acme") == [a_subscription()]

    def test_subscriptions_are_listed_oldest_first(self, stores: WebhookStores) -> None:
        old = replace(a_subscription("s9"), created_at=NOW - timedelta(days=1))
        for one in (a_subscription("s1"), old, a_subscription("s5", "other")):
            stores.subscriptions.add(one)

        assert stores.subscriptions.list("acme") == [old, a_subscription("s1")]

    def test_an_id_is_used_once(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())

        with pytest.raises(Conflict, match="s1"):
            stores.subscriptions.add(a_subscription("s1", "other"))

    def test_a_removed_subscription_is_gone(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())

        assert stores.subscriptions.remove("acme", "s1") == a_subscription()
        assert stores.subscriptions.remove("acme", "s1") is None
        assert stores.subscriptions.list("acme") == []

    def test_another_tenant_neither_sees_nor_changes_it(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())

        assert stores.subscriptions.get("other", "s1") is None
        assert stores.subscriptions.remove("other", "s1") is None
        assert not stores.subscriptions.disable("other", "s1", "why", NOW)
        assert stores.subscriptions.list("acme") == [a_subscription()]

    def test_of_many_that_disable_it_one_does(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())

        done = at_once(6, lambda _: stores.subscriptions.disable("acme", "s1", "gone", SOON))

        assert sum(done) == 1
        disabled = stores.subscriptions.get("acme", "s1")
        assert disabled == replace(a_subscription(), disabled_at=SOON, disabled_reason="gone")

    @pytest.mark.parametrize("state", [one for one in JobState if one.ended])
    def test_a_jobs_end_is_told_to_its_url_and_to_subscribers(
        self, stores: WebhookStores, state: JobState
    ) -> None:
        stores.subscriptions.add(a_subscription())

        job = run(stores, replace(a_job(), callback_url=URL), Ending(state))

        both = told(stores)
        assert types(both) == [f"job.{state.value}"] * 2
        assert {one.payload["subscription"] for one in both} == {None, "s1"}
        assert {one.payload["url"] for one in both} == {URL, None}
        for one in both:
            assert (one.kind, one.state, one.queue) == (DELIVER, JobState.QUEUED, "quick")
            assert (one.tenant, one.service) == (job.tenant, job.service)
            assert one.priority < job.priority
            assert (one.request_id, one.trace_id) == (job.request_id, job.trace_id)
            assert one.payload["message"]["data"]["job_id"] == job.id

    def test_whoever_ends_a_job_learns_what_can_be_sent_now(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", Lease("one", "a worker", LATER), NOW)

        released = stores.leases.finish("j1", "one", DONE, SOON)

        assert released is not None
        assert [job.id for job in released.woken] == [job.id for job in told(stores)]

    def test_a_message_tells_figures_and_no_other_value(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())

        run(stores, a_job())

        (delivery,) = told(stores)
        message = delivery.payload["message"]
        assert message["data"]["result"] == {"version": "3", "rows": 7043}
        assert message["timestamp"] == SOON.isoformat()
        assert "tenure" not in str(message)

    def test_nobody_is_told_of_an_attempt_that_is_followed_by_another(
        self, stores: WebhookStores
    ) -> None:
        stores.subscriptions.add(a_subscription())

        run(stores, a_job(), Ending(JobState.QUEUED))

        assert told(stores) == []

    def test_a_lease_that_was_lost_tells_nobody(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", Lease("one", "a worker", LATER), NOW)

        assert stores.leases.finish("j1", "another", DONE, SOON) is None
        assert told(stores) == []

    def test_of_many_that_end_a_job_one_tells(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())
        stores.jobs.submit(a_job())
        stores.leases.claim("j1", Lease("one", "a worker", LATER), NOW)

        at_once(6, lambda _: stores.leases.finish("j1", "one", DONE, SOON))

        assert types(told(stores)) == ["job.succeeded"]

    def test_a_job_that_is_cancelled_before_it_starts_is_told(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())
        stores.jobs.submit(a_job())

        stores.jobs.cancel("acme", "j1", SOON)
        stores.jobs.cancel("acme", "j1", LATER)

        assert types(told(stores)) == ["job.cancelled"]

    def test_a_job_whose_workers_were_lost_is_told(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())
        stores.jobs.submit(replace(a_job(), max_attempts=1))
        stores.leases.claim("j1", Lease("one", "a worker", SOON), NOW)

        stores.leases.recover(LATER)
        stores.leases.recover(LATER)

        assert types(told(stores)) == ["job.dead"]

    def test_a_job_that_is_tried_again_is_told_again(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())
        run(stores, a_job(), Ending(JobState.DEAD))
        for ending in (Ending(JobState.DEAD), DONE):
            stores.jobs.retry("acme", "j1", 1, "ann", SOON)
            run_again(stores, a_job(), ending)

        assert types(told(stores)) == ["job.dead", "job.dead", "job.succeeded"]
        assert len({job.id for job in told(stores)}) == 1 + 1 + 1

    def test_nobody_is_told_of_parts_and_of_deliveries(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())
        run(stores, replace(a_job("whole"), callback_url=URL))
        before = told(stores)

        run(stores, replace(a_job("part"), parent="whole"))
        run_again(stores, before[0], Ending(JobState.DEAD))

        assert [job.id for job in told(stores)] == [job.id for job in before]

    @pytest.mark.parametrize(
        "changes",
        [
            {"tenant": "other"},
            {"service": "fraud"},
            {"events": ("job.failed",)},
            {"disabled_at": NOW, "disabled_reason": "gone"},
        ],
    )
    def test_who_did_not_ask_for_it_is_not_told(
        self, stores: WebhookStores, changes: dict[str, object]
    ) -> None:
        stores.subscriptions.add(replace(a_subscription(), **changes))  # type: ignore[arg-type]

        run(stores, a_job())

        assert told(stores) == []

    def test_deliveries_are_listed_by_receiver_newest_first(self, stores: WebhookStores) -> None:
        for name in ("s1", "s2"):
            stores.subscriptions.add(a_subscription(name))
        run(stores, replace(a_job("j1"), callback_url=URL))
        run(stores, a_job("j2"), Ending(JobState.FAILED))

        assert {job.payload["subscription"] for job in told(stores, "s1")} == {"s1"}
        assert len(told(stores, "s2")) == 1 + 1
        assert [job.payload["url"] for job in told(stores, CALLBACKS)] == [URL]
        assert told(stores, tenant="other") == []
        newest = stores.subscriptions.deliveries("acme", None, 1)
        assert newest[0].created_at == max(job.created_at for job in told(stores))

    def test_lists_of_jobs_leave_deliveries_out_unless_asked(self, stores: WebhookStores) -> None:
        stores.subscriptions.add(a_subscription())
        run(stores, a_job())

        assert [job.id for job in stores.jobs.list("acme")] == ["j1"]
        assert len(stores.jobs.list("acme", kind=DELIVER)) == 1
        assert len(stores.jobs.list("acme", state=JobState.QUEUED)) == 1
