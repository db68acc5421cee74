"""Uploads and which jobs need them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.changes import lock_registry
from minerva.adapters.metadata.tables import JobRow, UploadRow, UploadUseRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict, NotFound, TooLarge
from minerva.layers.abstraction.formats.layout import Layout
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.uploads.upload import Upload

_WAITING = (JobState.QUEUED, JobState.RUNNING)
_MAY_BE_TRIED_AGAIN = (JobState.FAILED, JobState.DEAD)


class SqlUploadStore:
    """See the port `UploadStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, upload: Upload, quota: int) -> None:
        """See the port."""
        with self._database.tenant(upload.tenant, write=True) as session:
            _check_quota(session, upload.held, quota)
            if _find(session, upload.id) is not None:
                raise Conflict(f"There is already an upload {upload.id}.")
            session.add(_row(upload))

    def hold(self, tenant: str, upload_id: str, size: int, quota: int, now: datetime) -> None:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = _demand(session, upload_id)
            if size > row.held:
                _check_quota(session, size - row.held, quota)
                row.held = size
            row.touched_at = now

    def get(self, tenant: str, upload_id: str) -> Upload | None:
        """See the port."""
        with self._database.tenant(tenant) as session:
            row = _find(session, upload_id)
            return None if row is None else _upload(row)

    def set_size(self, tenant: str, upload_id: str, size: int) -> bool:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = _demand(session, upload_id)
            if row.size is None:
                row.size = size
            return row.size == size

    def complete(
        self, tenant: str, upload_id: str, digest: str, rows: int, size: int, now: datetime
    ) -> None:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = _demand(session, upload_id)
            row.digest, row.rows = digest, rows
            row.size = row.held = size
            row.touched_at = now

    def use(self, tenant: str, upload_id: str, job_id: str) -> bool:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = _find(session, upload_id, lock=True)
            if row is None or row.digest is None:
                return False
            used = select(UploadUseRow).where(
                UploadUseRow.upload_id == upload_id, UploadUseRow.job_id == job_id
            )
            if session.scalar(used) is None:
                session.add(UploadUseRow(tenant=tenant, upload_id=upload_id, job_id=job_id))
            return True

    def remove(self, tenant: str, upload_id: str) -> bool:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            row = _find(session, upload_id, lock=True)
            if row is None:
                return False
            uses = session.scalars(
                select(UploadUseRow).where(UploadUseRow.upload_id == upload_id)
            ).all()
            jobs = select(JobRow).where(
                JobRow.id.in_([use.job_id for use in uses]), JobRow.state.in_(_WAITING)
            )
            if session.scalars(jobs).first() is not None:
                raise Conflict("A job needs this upload: cancel the job, or wait for its end.")
            for one in (*uses, row):
                session.delete(one)
                session.flush()
            return True

    def outdated(self, unfinished_before: datetime, unused_before: datetime) -> Sequence[Upload]:
        """See the port."""
        with self._database.every_tenant() as session:
            used = exists(select(UploadUseRow).where(UploadUseRow.upload_id == UploadRow.id))
            asked = select(UploadRow).where(
                or_(
                    and_(UploadRow.digest.is_(None), UploadRow.touched_at < unfinished_before),
                    and_(
                        UploadRow.digest.is_not(None), ~used, UploadRow.touched_at < unused_before
                    ),
                    and_(used, ~_needed(unused_before)),
                )
            )
            return [_upload(row) for row in session.scalars(asked)]

    def known(self, ids: Sequence[str]) -> set[str]:
        """See the port."""
        with self._database.every_tenant() as session:
            return set(session.scalars(select(UploadRow.id).where(UploadRow.id.in_(ids))))


def _needed(ended_after: datetime) -> ColumnElement[bool]:
    """Whether a job has not ended, or may be tried again since it ended badly a short while ago."""
    needs = or_(
        JobRow.state.in_(_WAITING),
        and_(JobRow.state.in_(_MAY_BE_TRIED_AGAIN), JobRow.finished_at >= ended_after),
    )
    return exists(
        select(UploadUseRow)
        .join(JobRow, JobRow.id == UploadUseRow.job_id)
        .where(UploadUseRow.upload_id == UploadRow.id, needs)
    )


def _check_quota(session: Session, more: int, quota: int) -> None:
    """Raise TooLarge if the tenant would hold too much; nobody else adds until the transaction ends."""
    if not quota:
        return
    lock_registry(session)
    held = session.scalar(select(func.coalesce(func.sum(UploadRow.held), 0))) or 0
    if held + more > quota:
        raise TooLarge(
            f"Your uploads would have more than {quota} bytes together (setting upload_quota_bytes): "
            "wait until their jobs have ended, or give some up."
        )


def _find(session: Session, upload_id: str, *, lock: bool = False) -> UploadRow | None:
    asked = select(UploadRow).where(UploadRow.id == upload_id)
    return session.scalar(asked.with_for_update() if lock else asked)


def _demand(session: Session, upload_id: str) -> UploadRow:
    row = _find(session, upload_id, lock=True)
    if row is None:
        raise NotFound(f"There is no upload {upload_id!r}: it was given up meanwhile.")
    return row


def _row(upload: Upload) -> UploadRow:
    return UploadRow(
        id=upload.id,
        tenant=upload.tenant,
        service=upload.service,
        layout=msgspec.to_builtins(upload.layout),
        size=upload.size,
        held=upload.held,
        digest=upload.digest,
        rows=upload.rows,
        created_at=upload.created_at,
        touched_at=upload.touched_at,
    )


def _upload(row: UploadRow) -> Upload:
    return Upload(
        id=row.id,
        tenant=row.tenant,
        service=row.service,
        layout=msgspec.convert(row.layout, Layout),
        size=row.size,
        held=row.held,
        digest=row.digest,
        rows=row.rows,
        created_at=row.created_at,
        touched_at=row.touched_at,
    )
