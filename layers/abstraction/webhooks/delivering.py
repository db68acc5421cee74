"""The kind of job that carries one message to one receiver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

import msgspec
import structlog

from minerva.errors import Conflict, InvalidConfiguration, NotFound, NotPermitted, Unavailable
from minerva.layers.abstraction.jobs.job import NewJob, Queue
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.webhooks.deliveries import PAUSES_S, message_id
from minerva.layers.abstraction.webhooks.happening import DELIVER
from minerva.layers.abstraction.webhooks.master_key import CALLBACKS, MasterKey
from minerva.layers.abstraction.webhooks.signature import signed_headers
from minerva.layers.abstraction.webhooks.subscription import Subscription, SubscriptionStore
from minerva.layers.abstraction.webhooks.targets import Target, Targets

log = structlog.get_logger()

GONE = "The receiver answered 410 Gone"


class Post(Protocol):
    """Sends a message."""

    def __call__(self, target: Target, headers: dict[str, str], body: bytes) -> int:
        """Return the status that the receiver answered; redirects are not followed.

        Raises Unavailable if it did not answer in time, NotPermitted if the host leads to an
        address that messages may not go to.
        """


@dataclass(frozen=True)
class Delivering:
    """Signs a message and posts it; another attempt sends the same one under the same `webhook-id`."""

    subscriptions: SubscriptionStore
    targets: Targets
    key: Callable[[], MasterKey]
    post: Post
    now: Callable[[], datetime]
    name: str = DELIVER
    queue: Queue = Queue.QUICK
    apart: bool = False
    backoff: Sequence[float] = PAUSES_S

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """Refuse: callers name a `callback_url` or subscribe."""
        raise NotPermitted(
            "Deliveries are made by Minerva itself: give a job a callback_url, or add a subscription."
        )

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any]:  # noqa: ARG002 - the protocol's
        """Post the message; return the status. Raises Unavailable for all that may pass."""
        subscription = self._subscription(job)
        target = self.targets.check(
            job.payload["url"] if subscription is None else subscription.url
        )
        receiver = CALLBACKS if subscription is None else subscription.id
        body = msgspec.json.encode(job.payload["message"])
        secret = self._secret(job.tenant, receiver)
        at = int(self.now().timestamp())
        status = self.post(target, _headers(secret, job, at, body), body)
        if status == HTTPStatus.GONE:
            raise self._gone(job, subscription)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise Unavailable(_why(status))
        return {"status": status}

    def _secret(self, tenant: str, receiver: str) -> bytes:
        """Return the receiver's secret; a key that cannot be read is mended while the message waits."""
        try:
            return self.key().secret(tenant, receiver)
        except InvalidConfiguration as error:
            raise Unavailable(error.message) from error

    def _subscription(self, job: NewJob) -> Subscription | None:
        named = job.payload["subscription"]
        if named is None:
            return None
        found = self.subscriptions.get(job.tenant, named)
        if found is None:
            raise NotFound(f"The subscription {named} was removed: there is nobody to tell.")
        if found.disabled_at is not None:
            raise Conflict(f"The subscription {named} is disabled: {found.disabled_reason}")
        return found

    def _gone(self, job: NewJob, subscription: Subscription | None) -> Conflict:
        if subscription is None:
            return Conflict(f"{GONE}.")
        if self.subscriptions.disable(job.tenant, subscription.id, f"{GONE}.", self.now()):
            log.warning("webhook.disabled", tenant=job.tenant, subscription=subscription.id)
        return Conflict(f"{GONE}: its subscription is disabled.")


def _headers(secret: bytes, job: NewJob, at: int, body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "minerva",
        **_ids(job),
        **signed_headers(secret, message_id(job.id), at, body),
    }


def _ids(job: NewJob) -> dict[str, str]:
    """Return what ties the message to the request that began it all, in the receiver's log too."""
    ids = {"X-Request-ID": job.request_id} if job.request_id else {}
    if job.trace_id:
        ids["traceparent"] = f"00-{job.trace_id}-{job.id[:16]}-01"
    return ids


def _why(status: int) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"The receiver answered HTTP {status}: redirects are not followed."
    return f"The receiver answered HTTP {status}."
