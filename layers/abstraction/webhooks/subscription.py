"""Who wants to hear of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from minerva.layers.abstraction.jobs.job import Job
from minerva.layers.abstraction.webhooks.happening import Happening


@dataclass(frozen=True, slots=True)
class Subscription:
    """A receiver of some events of a tenant."""

    id: str
    tenant: str
    service: str
    """Of one service; empty: of all."""
    url: str = field(repr=False)
    """May hold a secret of the receiver's in its path."""
    events: tuple[str, ...]
    author: str
    created_at: datetime
    disabled_at: datetime | None = None
    disabled_reason: str = ""

    def wants(self, happening: Happening) -> bool:
        """Whether its receiver is told."""
        return (
            self.disabled_at is None
            and self.tenant == happening.tenant
            and happening.type in self.events
            and self.service in {"", happening.service}
        )

    def to_json(self) -> dict[str, Any]:
        """Return what the tenant's administrator sees."""
        return {
            "id": self.id,
            "service": self.service or None,
            "url": self.url,
            "events": list(self.events),
            "author": self.author,
            "created_at": self.created_at.isoformat(),
            "disabled_at": self.disabled_at and self.disabled_at.isoformat(),
            "disabled_reason": self.disabled_reason or None,
        }


class SubscriptionStore(Protocol):
    """Keeps subscriptions, each seen by its own tenant only."""

    def add(self, subscription: Subscription) -> None:
        """Keep a new one. Raises Conflict for an id that is taken."""

    def get(self, tenant: str, subscription_id: str) -> Subscription | None:
        """Return one."""

    def list(self, tenant: str) -> Sequence[Subscription]:
        """Return all, oldest first."""

    def remove(self, tenant: str, subscription_id: str) -> Subscription | None:
        """Forget one and return it; None: there is none."""

    def deliveries(self, tenant: str, receiver: str | None, limit: int) -> Sequence[Job]:
        """Return jobs of kind `deliver`, newest first.

        `receiver`: only those to this subscription; `CALLBACKS`: only those to jobs' own URLs.
        """

    def disable(self, tenant: str, subscription_id: str, reason: str, now: datetime) -> bool:
        """Tell it nothing any more; return whether this call did so."""
