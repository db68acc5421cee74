"""Subscriptions of receivers, and the deliveries to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.tables import JobRow, SubscriptionRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.job import Job
from minerva.layers.abstraction.webhooks.happening import DELIVER
from minerva.layers.abstraction.webhooks.master_key import CALLBACKS
from minerva.layers.abstraction.webhooks.subscription import Subscription


class SqlSubscriptionStore:
    """See the port `SubscriptionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, subscription: Subscription) -> None:
        """See the port."""
        values = {field.name: getattr(subscription, field.name) for field in fields(Subscription)}
        row = SubscriptionRow(**{**values, "events": list(subscription.events)})
        try:
            with self._database.tenant(subscription.tenant, write=True) as session:
                session.add(row)
        except Conflict as error:
            message = f"There is already a subscription {subscription.id}: choose another id."
            raise Conflict(message) from error

    def get(self, tenant: str, subscription_id: str) -> Subscription | None:
        """See the port."""
        with self._database.tenant(tenant) as session:
            row = _row(session, subscription_id)
            return None if row is None else _subscription(row)

    def remove(self, tenant: str, subscription_id: str) -> Subscription | None:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = _row(session, subscription_id, lock=True)
            if row is None:
                return None
            session.delete(row)
            return _subscription(row)

    def disable(self, tenant: str, subscription_id: str, reason: str, now: datetime) -> bool:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = _row(session, subscription_id, lock=True)
            if row is None or row.disabled_at is not None:
                return False
            row.disabled_at, row.disabled_reason = now, reason
            return True

    def deliveries(self, tenant: str, receiver: str | None, limit: int) -> Sequence[Job]:
        """See the port."""
        query = select(JobRow).where(JobRow.kind == DELIVER)
        if receiver is not None:
            named = JobRow.payload["subscription"].as_string()
            query = query.where(named.is_(None) if receiver == CALLBACKS else named == receiver)
        newest = query.order_by(JobRow.created_at.desc(), JobRow.id.desc()).limit(limit)
        with self._database.tenant(tenant) as session:
            return [record(Job, row) for row in session.scalars(newest)]

    def list(self, tenant: str) -> Sequence[Subscription]:
        """See the port."""
        with self._database.tenant(tenant) as session:
            return subscribed(session, tenant)


def subscribed(session: Session, tenant: str) -> Sequence[Subscription]:
    """Return a tenant's subscriptions as this transaction sees them, oldest first."""
    rows = select(SubscriptionRow).where(SubscriptionRow.tenant == tenant)
    ordered = rows.order_by(SubscriptionRow.created_at, SubscriptionRow.id)
    return [_subscription(row) for row in session.scalars(ordered)]


def _row(session: Session, subscription_id: str, *, lock: bool = False) -> SubscriptionRow | None:
    query = select(SubscriptionRow).where(SubscriptionRow.id == subscription_id)
    return session.scalar(query.with_for_update() if lock else query)


def _subscription(row: SubscriptionRow) -> Subscription:
    values = {field.name: getattr(row, field.name) for field in fields(Subscription)}
    return Subscription(**{**values, "events": tuple(row.events)})
