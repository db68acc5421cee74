"""Trials of tunings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.columns import record
from minerva.adapters.metadata.tables import TrialRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict
from minerva.layers.abstraction.tuning.trial import Ended, NewTrial, Trial, TrialState


class SqlTrialStore:
    """See the port `TrialStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, trial: NewTrial) -> bool:
        """See the port."""
        try:
            with self._database.tenant(trial.tenant, write=True) as session:
                if _row(session, trial.study, trial.number) is not None:
                    return False
                session.add(
                    TrialRow(
                        **asdict(trial),
                        state=TrialState.RUNNING,
                        tries=1,
                    )
                )
        except Conflict:  # somebody was faster
            return False
        return True

    def begin_again(self, tenant: str, study: str, number: int, now: datetime) -> int:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = _row(session, study, number)
            if row is None or row.state is not TrialState.RUNNING:
                return 0
            row.tries += 1
            row.started_at = now
            return row.tries

    def end(self, tenant: str, study: str, number: int, ended: Ended, now: datetime) -> bool:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = _row(session, study, number)
            if row is None or row.state is not TrialState.RUNNING:
                return False
            row.state, row.value, row.metrics = ended.state, ended.value, ended.metrics
            row.steps, row.error, row.finished_at = ended.steps, ended.error, now
            return True

    def list(self, tenant: str, study: str) -> Sequence[Trial]:
        """See the port."""
        query = select(TrialRow).where(TrialRow.study == study).order_by(TrialRow.number)
        with self._database.tenant(tenant) as session:
            return [record(Trial, row) for row in session.scalars(query)]


def _row(session: Session, study: str, number: int) -> TrialRow | None:
    """Return a trial, which nobody else changes until the transaction ends."""
    return session.scalar(
        select(TrialRow).where(TrialRow.study == study, TrialRow.number == number).with_for_update()
    )
