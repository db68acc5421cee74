"""Which service each registry revision changed, so that web workers read again only what moved.

Every revision has a row. Where one is missing, because an older release wrote it or it is long ago, what
changed since is not known, and everything is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from minerva.adapters.metadata.tables import RegistryChangeRow, RegistryRow

KEPT = 10_000
"""So many revisions are remembered: who was away for longer reads everything."""
SWEPT_EVERY = 100
MOST = 500
"""Beyond so many changed services it is as quick to read all."""

Name = tuple[str, str]
"""Tenant and service."""


def lock_registry(session: Session) -> RegistryRow:
    """Put the registry's writers in line until the transaction ends, and return the row to bump.

    What is read after this line is what the writer before left, so numbers can be given out.
    """
    return session.scalars(select(RegistryRow).with_for_update()).one()


def bump(session: Session, registry: RegistryRow, changed: Name | None) -> None:
    """Make the next revision. None: what changed is of no service."""
    registry.revision += 1
    tenant, service = changed or (None, None)
    session.add(RegistryChangeRow(revision=registry.revision, tenant=tenant, service=service))
    if registry.revision % SWEPT_EVERY == 0:
        long_ago = RegistryChangeRow.revision <= registry.revision - KEPT
        session.execute(delete(RegistryChangeRow).where(long_ago))


def changed_since(session: Session, revision: int) -> tuple[int, Sequence[Name]] | None:
    """Return the present revision and the services that changed since another one; None: read all."""
    change = RegistryChangeRow
    rows: Sequence[Sequence[Any]] = session.execute(
        select(RegistryRow.revision, change.revision, change.tenant, change.service)
        .select_from(RegistryRow)
        .outerjoin(change, change.revision > revision)
        .limit(MOST + 1)
    ).all()
    present, known = rows[0][0], [row[2:] for row in rows if row[1] is not None]
    if len(known) != present - revision or len(known) > MOST:
        return None
    return present, sorted({(tenant, service) for tenant, service in known if service is not None})
