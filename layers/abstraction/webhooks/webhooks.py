"""Webhooks as their tenant's administrator meets them: subscribe, look, try, remove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from minerva.errors import Conflict, Fault, InvalidInput, MinervaError, NotFound
from minerva.events import Drift
from minerva.layers.abstraction.jobs.job import Job
from minerva.layers.abstraction.jobs.jobs import wake
from minerva.layers.abstraction.jobs.store import JobQueue, JobStore
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.webhooks.deliveries import deliveries, delivery
from minerva.layers.abstraction.webhooks.happening import EVENTS, Happening, of_drift, of_test
from minerva.layers.abstraction.webhooks.master_key import CALLBACKS, MasterKey
from minerva.layers.abstraction.webhooks.subscription import Subscription, SubscriptionStore
from minerva.layers.abstraction.webhooks.targets import Targets

log = structlog.get_logger()

MOST = 100
"""Subscriptions of a tenant: all are looked through whenever a job ends."""


@dataclass(frozen=True)
class Webhooks:
    """The use cases of telling others."""

    store: SubscriptionStore
    jobs: JobStore
    queue: JobQueue
    registry: Registry
    targets: Targets
    key: Callable[[], MasterKey]
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def subscribe(
        self,
        tenant: str,
        url: str,
        *,
        events: Sequence[str] = (),
        service: str = "",
        author: str,
    ) -> Subscription:
        """Tell this URL of events, of all kinds unless some are named, of one service or of all.

        Raises InvalidInput, NotPermitted for a URL that is not listed, NotFound for an unknown
        service, Conflict when there are too many.
        """
        self.targets.check(url)
        _demand_events(events)
        if service:
            self.registry.configuration(tenant, service)
        if len(self.store.list(tenant)) >= MOST:
            raise Conflict(
                f"A tenant has at most {MOST} subscriptions: remove one that is not used."
            )
        made = Subscription(
            id=self.new_id()[:12],
            tenant=tenant,
            service=service,
            url=url,
            events=tuple(dict.fromkeys(events or EVENTS)),
            author=author,
            created_at=self.now(),
        )
        self.store.add(made)
        log.info("webhook.added", tenant=tenant, subscription=made.id, author=author)
        return made

    def list(self, tenant: str) -> Sequence[Subscription]:
        """Return all subscriptions, oldest first."""
        return self.store.list(tenant)

    def remove(self, tenant: str, subscription: str, author: str) -> Subscription:
        """Forget a subscription; what it was still to be told is not sent any more. Raises NotFound."""
        removed = _found(self.store.remove(tenant, subscription), subscription)
        log.info("webhook.removed", tenant=tenant, subscription=subscription, author=author)
        return removed

    def secret(self, tenant: str, receiver: str) -> str:
        """Return what a receiver verifies with: a subscription's, or `CALLBACKS`. Raises NotFound."""
        if receiver != CALLBACKS:
            _found(self.store.get(tenant, receiver), receiver)
        return self.key().secret_text(tenant, receiver)

    def test(self, tenant: str, subscription: str) -> Job:
        """Send a message of type `webhook.test` to one receiver; return the delivery. Raises NotFound."""
        _found(self.store.get(tenant, subscription), subscription)
        happening = of_test(tenant, self.now(), self.new_id())
        job, _ = self.jobs.submit(delivery(happening, subscription, subscription=subscription))
        wake(self.queue, job)
        return job

    def deliveries(
        self, tenant: str, *, receiver: str | None = None, limit: int = 50
    ) -> Sequence[Job]:
        """Return deliveries, newest first: to one subscription or `CALLBACKS`, or to all."""
        return self.store.deliveries(tenant, receiver, limit)

    def drifted(self, drift: Drift) -> None:
        """Tell of a drift, once an hour for each field: every web worker notices it. Never raises."""
        now = self.now()
        key = f"{drift.service}:{drift.version}:{drift.name}:{drift.measure}:{now:%Y-%m-%dT%H}"
        self.happened(of_drift(drift, now, key))

    def happened(self, happening: Happening) -> None:
        """Tell whoever subscribed; once, whoever else tells it. Never raises."""
        try:
            self._tell(happening)
        except MinervaError as error:
            log.warning("webhook.not_told", tenant=happening.tenant, reason=error.message)

    def _tell(self, happening: Happening) -> None:
        for one in deliveries(happening, self.store.list(happening.tenant)):
            try:
                job, fresh = self.jobs.submit(one)
            except Conflict:  # another process has told it, in other figures
                continue
            if fresh:
                wake(self.queue, job)


def _demand_events(events: Sequence[str]) -> None:
    unknown = [event for event in events if event not in EVENTS]
    if unknown:
        known = f"expected some of {', '.join(EVENTS)}"
        raise InvalidInput("There are no such events.", faults=[Fault("/events", known)])


def _found(subscription: Subscription | None, subscription_id: str) -> Subscription:
    if subscription is None:
        raise NotFound(f"There is no subscription {subscription_id!r}.")
    return subscription
