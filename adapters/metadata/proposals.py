"""What tunings propose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.changes import bump, lock_registry
from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.configurations import demand_newest, derived_from, newest_of
from minerva.adapters.metadata.tables import ProposalRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict, NotFound
from minerva.layers.abstraction.tuning.proposal import NewProposal, Proposal, ProposalState


class SqlProposalStore:
    """See the port `ProposalStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def propose(self, proposal: NewProposal) -> Proposal:
        """See the port."""
        with self._database.tenant(proposal.tenant, write=True) as session:
            lock_registry(session)  # numbers are given out in line
            row = session.scalar(select(ProposalRow).where(ProposalRow.job_id == proposal.job_id))
            if row is None:
                last = session.scalar(
                    select(func.max(ProposalRow.number)).where(
                        ProposalRow.service == proposal.service
                    )
                )
                row = ProposalRow(
                    **asdict(proposal),
                    number=(last or 0) + 1,
                    state=ProposalState.OPEN,
                    reason="",
                )
                session.add(row)
        return record(Proposal, row)

    def get(self, tenant: str, service: str, number: int) -> Proposal | None:
        """See the port."""
        with self._database.tenant(tenant) as session:
            row = _row(session, service, number)
            return None if row is None else record(Proposal, row)

    def list(self, tenant: str, service: str) -> Sequence[Proposal]:
        """See the port."""
        query = (
            select(ProposalRow)
            .where(ProposalRow.service == service)
            .order_by(ProposalRow.number.desc())
        )
        with self._database.tenant(tenant) as session:
            return [record(Proposal, row) for row in session.scalars(query)]

    def reject(
        self, tenant: str, service: str, number: int, author: str, reason: str, now: datetime
    ) -> Proposal:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            lock_registry(session)
            row = _undecided(session, service, number, ProposalState.REJECTED)
            if row.state is ProposalState.OPEN:
                _decide(row, ProposalState.REJECTED, author, reason, now)
        return record(Proposal, row)

    def accept(  # noqa: PLR0913 - see the port
        self,
        tenant: str,
        service: str,
        number: int,
        *,
        newest: int,
        digest: str,
        declaration: dict[str, Any],
        author: str,
        reason: str,
        now: datetime,
    ) -> Proposal:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            registry = lock_registry(session)
            row = _undecided(session, service, number, ProposalState.ACCEPTED)
            if row.state is ProposalState.OPEN:
                known = demand_newest(newest_of(session, service), newest)
                why = reason or f"proposal {number} of a tuning"
                added = derived_from(known, digest, declaration, author, now, why)
                session.add(added)
                bump(session, registry, (tenant, service))
                row.revision = added.revision
                _decide(row, ProposalState.ACCEPTED, author, reason, now)
        return record(Proposal, row)


def _row(session: Session, service: str, number: int) -> ProposalRow | None:
    return session.scalar(
        select(ProposalRow).where(ProposalRow.service == service, ProposalRow.number == number)
    )


def _undecided(session: Session, service: str, number: int, wanted: ProposalState) -> ProposalRow:
    """Return a proposal that is open, or was decided as is wanted now."""
    row = _row(session, service, number)
    if row is None:
        raise NotFound(f"Service {service!r} has no proposal {number}.")
    if row.state not in {ProposalState.OPEN, wanted}:
        raise Conflict(f"Proposal {number} of service {service!r} is {row.state.value} already.")
    return row


def _decide(
    row: ProposalRow, state: ProposalState, author: str, reason: str, now: datetime
) -> None:
    row.state, row.decided_by, row.reason, row.decided_at = state, author, reason, now
