"""Recorded predictions: many are written, few are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, insert, null, select

from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.tables import InferenceRow
from minerva.adapters.metadata.tenancy import Database
from minerva.layers.abstraction.monitoring.record import InferenceRecord
from minerva.layers.abstraction.monitoring.store import AT_A_TIME, Answered, Span

AT_ONCE = 5000
"""So many rows are forgotten in one transaction: others wait for its end."""
REQUESTS_AT_ONCE = 500
"""So many request ids are named in one query."""
_NAMES = tuple(field.name for field in fields(InferenceRecord))


class SqlInferenceStore:
    """See the port `InferenceStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, records: Sequence[InferenceRecord]) -> None:
        """See the port; objects would cost several times what rows do."""
        rows = [{name: getattr(one, name) for name in _NAMES} for one in records]
        if rows:
            with self._database.every_tenant(write=True) as session:
                session.execute(insert(InferenceRow), rows)

    def newest(
        self, span: Span, limit: int, *, version: int | None = None
    ) -> Sequence[InferenceRecord]:
        """See the port."""
        asked = _narrowed(select(InferenceRow), span)
        if version is not None:
            asked = asked.where(
                InferenceRow.version == version,
                InferenceRow.shadow.is_(False),
                InferenceRow.degraded.is_(False),
            )
        ordered = asked.order_by(InferenceRow.at.desc()).limit(limit)
        with self._database.tenant(span.tenant) as session:
            return [record(InferenceRecord, row) for row in session.scalars(ordered)]

    def judged(
        self, span: Span, limit: int, *, features: bool = False
    ) -> Sequence[InferenceRecord]:
        """See the port."""
        columns = [
            null().label(name)
            if name == "features" and not features
            else getattr(InferenceRow, name)
            for name in _NAMES
        ]
        asked = _narrowed(select(*columns), span).where(InferenceRow.truth_at.is_not(None))
        newest = asked.order_by(InferenceRow.truth_at.desc()).limit(limit)
        with self._database.tenant(span.tenant) as session:
            return [InferenceRecord(*row) for row in session.execute(newest)]

    def beside(self, span: Span, requests: Sequence[str], limit: int) -> Sequence[InferenceRecord]:
        """See the port."""
        columns = [getattr(InferenceRow, name) for name in _NAMES]
        untold = _narrowed(select(*columns), span).where(InferenceRow.truth_at.is_(None))
        found: list[InferenceRecord] = []
        with self._database.tenant(span.tenant) as session:
            for start in range(0, len(requests), REQUESTS_AT_ONCE):
                some = requests[start : start + REQUESTS_AT_ONCE]
                asked = untold.where(InferenceRow.request_id.in_(some))
                rows = session.execute(asked.limit(limit - len(found)))
                found += [InferenceRecord(*row) for row in rows]
        return found

    def answered(self, span: Span, limit: int) -> Sequence[Answered]:
        """See the port."""
        columns = [getattr(InferenceRow, field.name) for field in fields(Answered)]
        asked = _narrowed(select(*columns), span)
        newest = asked.order_by(InferenceRow.at.desc()).limit(limit)
        with self._database.tenant(span.tenant) as session:
            return [Answered(*row) for row in session.execute(newest)]

    def prune(self, tenant: str, service: str, before: datetime, most: int) -> int:
        """See the port."""
        mine = (InferenceRow.tenant == tenant, InferenceRow.service == service)
        newest = select(InferenceRow.at).where(*mine).order_by(InferenceRow.at.desc())
        with self._database.every_tenant() as session:
            beyond = session.scalar(newest.offset(most).limit(1))
        forgotten = self._forget(*mine, InferenceRow.at < before)
        if beyond is not None and forgotten < AT_A_TIME:
            forgotten += self._forget(*mine, InferenceRow.at <= beyond)
        return forgotten

    def _forget(self, *conditions: ColumnElement[bool]) -> int:
        forgotten, last = 0, AT_ONCE
        while last == AT_ONCE and forgotten < AT_A_TIME:
            some = select(InferenceRow.id).where(*conditions).limit(AT_ONCE)
            with self._database.every_tenant(write=True) as session:
                done = session.execute(
                    delete(InferenceRow).where(InferenceRow.id.in_(some)),
                    execution_options={"synchronize_session": False},
                )
                last = int(getattr(done, "rowcount", 0))
            forgotten += last
        return forgotten


def _narrowed(asked: Select[Any], span: Span) -> Select[Any]:
    """Return a query for a span's records alone; whose they are is the session's matter."""
    return asked.where(
        InferenceRow.service == span.service,
        InferenceRow.at >= span.since,
        InferenceRow.at < span.until,
    )
