"""Truths that came later: written into the records of what was predicted, or waiting for them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session, load_only

from minerva.adapters.metadata.tables import InferenceRow, WaitingTruthRow
from minerva.adapters.metadata.tenancy import Database
from minerva.layers.abstraction.monitoring.store import Waiting
from minerva.layers.abstraction.monitoring.truth import Fate, Truth

AT_ONCE = 500
"""So many truths are written in one transaction: others wait for its end."""
ONE_CALL = timedelta(minutes=1)
"""So soon after the answer the shadow's comes, and a call that is repeated."""
MOST = 50_000
"""Of a request id that stands for more records, as when a caller always sends the same, the newest."""
_READ = ("tenant", "at", "request_id", "row", "key", "features", "shadow", "truth", "truth_at")


class SqlTruthStore:
    """See the port `TruthStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def join(self, tenant: str, service: str, truths: Sequence[Truth]) -> Sequence[Fate]:
        """See the port."""
        fates: list[Fate] = []
        for start in range(0, len(truths), AT_ONCE):
            some = truths[start : start + AT_ONCE]
            with self._database.tenant(tenant) as session:
                calls = [_call(session, service, truth) for truth in some]
            with self._database.tenant(tenant, write=True) as session:
                found = _records(
                    session, service, {call.place for call in calls if call is not None}
                )
                fates += [
                    _written(truth, [] if call is None else _own(truth, call, found[call.place]))
                    for truth, call in zip(some, calls, strict=True)
                ]
        return fates

    def wait(self, waiting: Sequence[Waiting]) -> None:
        """See the port."""
        for tenant, some in _turns(waiting):
            wanted = {(one.service, _subject(one.truth)): one for one in some}
            with self._database.tenant(tenant, write=True) as session:
                known = {(row.service, row.subject): row for row in session.scalars(_asked(wanted))}
                for subject, one in wanted.items():
                    if subject not in known:
                        session.add(_row(one))
                    else:
                        known[subject].truth = one.truth.truth
                        known[subject].at = one.truth.at
                        known[subject].received_at = one.received_at

    def waiting(self, received_after: datetime, limit: int) -> Sequence[Waiting]:
        """See the port."""
        asked = select(WaitingTruthRow).where(WaitingTruthRow.received_at > received_after)
        ordered = asked.order_by(
            WaitingTruthRow.tenant, WaitingTruthRow.service, WaitingTruthRow.received_at
        )
        with self._database.every_tenant() as session:
            return [_waiting(row) for row in session.scalars(ordered.limit(limit))]

    def settled(self, waiting: Sequence[Waiting]) -> None:
        """See the port."""
        for tenant, some in _turns(waiting):
            subjects = {(one.service, _subject(one.truth)) for one in some}
            with self._database.tenant(tenant, write=True) as session:
                for row in session.scalars(_asked(subjects)):
                    if (row.service, row.subject) in subjects:
                        session.delete(row)

    def count_waiting(self, tenant: str, service: str) -> int:
        """See the port."""
        asked = select(func.count(WaitingTruthRow.subject)).where(
            WaitingTruthRow.service == service
        )
        with self._database.tenant(tenant) as session:
            return session.scalar(asked) or 0

    def forget_waiting(self, tenant: str, service: str, before: datetime) -> int:
        """See the port."""
        old = delete(WaitingTruthRow).where(
            WaitingTruthRow.tenant == tenant,
            WaitingTruthRow.service == service,
            WaitingTruthRow.received_at < before,
        )
        with self._database.every_tenant(write=True) as session:
            done = session.execute(old, execution_options={"synchronize_session": False})
            return int(getattr(done, "rowcount", 0))


Place = tuple[str, int | None]
"""A request id, and a row of it; None: any."""


class Call(NamedTuple):
    """The call that a truth is about."""

    place: Place
    at: datetime | None = None
    """None: whenever it was."""


def _call(session: Session, service: str, truth: Truth) -> Call | None:
    """Return where a truth's records are; None if its key was never predicted for."""
    if truth.request_id is not None:
        first = 0 if truth.key is None else None
        return Call((truth.request_id, first if truth.row is None else truth.row))
    newest = (
        select(InferenceRow.request_id, InferenceRow.row, InferenceRow.at)
        .where(
            InferenceRow.service == service,
            InferenceRow.key == truth.key,
            InferenceRow.at <= truth.at,
            InferenceRow.shadow.is_(False),
        )
        .order_by(InferenceRow.at.desc())
        .limit(1)
    )
    found = session.execute(newest).first()
    return None if found is None else Call((found[0], found[1]), found[2])


def _records(
    session: Session, service: str, places: Iterable[Place]
) -> dict[Place, list[InferenceRow]]:
    """Return the records at each place, to be written in this transaction."""
    wanted = set(places)
    found: dict[Place, list[InferenceRow]] = defaultdict(list)
    asked: Select[InferenceRow] = select(InferenceRow).where(
        InferenceRow.service == service,
        InferenceRow.request_id.in_({request_id for request_id, _ in wanted}),
    )
    rows = {row for _, row in wanted}
    if None not in rows:
        asked = asked.where(InferenceRow.row.in_(rows))
    asked = (
        asked.order_by(InferenceRow.at.desc())
        .limit(MOST)
        .options(load_only(*(getattr(InferenceRow, name) for name in _READ)))
        .with_for_update()
    )
    for row in session.scalars(asked) if wanted else ():
        for place in ((row.request_id, row.row), (row.request_id, None)):
            if place in wanted:
                found[place].append(row)
    return found


def _own(truth: Truth, call: Call, records: Sequence[InferenceRow]) -> list[InferenceRow]:
    """Return those that the truth can mean: a request may have asked about several keys.

    One request id may stand for all calls there are: a key alone means those of one moment.
    """
    return [
        one
        for one in records
        if (truth.key is None or one.key == truth.key)
        and (call.at is None or abs(one.at - call.at) <= ONE_CALL)
    ]


def _written(truth: Truth, records: Sequence[InferenceRow]) -> Fate:
    if not records:
        return Fate.UNKNOWN
    asked = {(one.key, one.features) for one in records if not one.shadow}
    if len(asked) > 1:
        return Fate.AMBIGUOUS
    if all(one.truth == truth.truth for one in records):
        return Fate.UNCHANGED
    fate = Fate.CHANGED if any(one.truth is not None for one in records) else Fate.JOINED
    for one in records:
        one.truth, one.truth_at = truth.truth, truth.at
    return fate


def _turns(waiting: Sequence[Waiting]) -> Iterator[tuple[str, list[Waiting]]]:
    """Give tenant after tenant, so many truths at once as one transaction is to hold."""
    ordered = sorted(waiting, key=lambda one: one.tenant)
    for tenant, own in groupby(ordered, key=lambda one: one.tenant):
        mine = list(own)
        for start in range(0, len(mine), AT_ONCE):
            yield tenant, mine[start : start + AT_ONCE]


def _asked(subjects: Iterable[tuple[str, str]]) -> Select[WaitingTruthRow]:
    """Return the query for truths about these services and subjects, and perhaps a few others."""
    named = {subject for _, subject in subjects}
    return select(WaitingTruthRow).where(WaitingTruthRow.subject.in_(named)).with_for_update()


def _subject(truth: Truth) -> str:
    """Return what tells a truth from those about something else."""
    parts = (truth.request_id, truth.row, truth.key, truth.at.isoformat() if truth.dated else None)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _row(one: Waiting) -> WaitingTruthRow:
    truth = one.truth
    return WaitingTruthRow(
        tenant=one.tenant,
        service=one.service,
        subject=_subject(truth),
        request_id=truth.request_id,
        row=truth.row,
        key=truth.key,
        truth=truth.truth,
        at=truth.at,
        dated=truth.dated,
        received_at=one.received_at,
    )


def _waiting(row: WaitingTruthRow) -> Waiting:
    truth = Truth(row.request_id, row.row, row.key, row.truth, row.at, row.dated)
    return Waiting(row.tenant, row.service, truth, row.received_at)
