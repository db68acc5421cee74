"""Which jobs tell the receivers of what happened: one each, the same ones whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minerva.layers.abstraction.jobs.job import Job, NewJob, Queue
from minerva.layers.abstraction.jobs.limits import JobLimits
from minerva.layers.abstraction.webhooks.happening import DELIVER, Happening, digest
from minerva.layers.abstraction.webhooks.master_key import CALLBACKS
from minerva.layers.abstraction.webhooks.subscription import Subscription

AUTHOR = "webhooks"
PAUSES_S = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0)
"""Between attempts, as Standard Webhooks recommends: the last one is made after more than a day."""
ATTEMPTS = len(PAUSES_S) + 1
TIME_S = 60.0
PRIORITY = -1
"""Receivers that keep one waiting must not keep other quick jobs waiting."""


def deliveries(happening: Happening, subscriptions: Sequence[Subscription]) -> list[NewJob]:
    """Return a delivery for the `callback_url`, and one for each subscription that wants it."""
    made = []
    if happening.callback_url is not None:
        target = digest(happening.callback_url)
        made.append(delivery(happening, target, url=happening.callback_url))
    made += [
        delivery(happening, one.id, subscription=one.id)
        for one in subscriptions
        if one.wants(happening)
    ]
    return made


def delivery(
    happening: Happening, target: str, *, subscription: str | None = None, url: str | None = None
) -> NewJob:
    """Return the job that tells one receiver. Its id follows from what happened and from the target."""
    key = f"{DELIVER}:{happening.key}:{target}"
    return NewJob(
        id=digest(f"{happening.tenant}\n{key}"),
        tenant=happening.tenant,
        service=happening.service,
        kind=DELIVER,
        payload={"subscription": subscription, "url": url, "message": happening.message()},
        configuration_revision=0,
        author=AUTHOR,
        idempotency_key=key,
        request_id=happening.request_id,
        trace_id=happening.trace_id,
        max_attempts=ATTEMPTS,
        created_at=happening.at,
        queue=Queue.QUICK,
        priority=PRIORITY,
        limits=JobLimits(time_s=TIME_S).to_json(),
    )


def message_id(job_id: str) -> str:
    """Return the `webhook-id` of a delivery: the same for each of its attempts."""
    return f"msg_{job_id}"


def delivery_json(job: Job) -> dict[str, Any]:
    """Return what became of one message."""
    message = job.payload["message"]
    return {
        **job.to_json(),
        "webhook": job.payload["subscription"] or CALLBACKS,
        "webhook_id": message_id(job.id),
        "type": message["type"],
        "about_job": message["data"].get("job_id"),
    }
