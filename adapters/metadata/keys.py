"""API keys, of which only a hash is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select

from minerva.adapters.metadata.changes import bump, lock_registry
from minerva.adapters.metadata.tables import KeyRow
from minerva.adapters.metadata.tenancy import Database
from minerva.errors import Conflict
from minerva.layers.core.security.keystore import StoredKey


class SqlKeyStore:
    """See the port `KeyStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: StoredKey) -> None:
        """See the port."""
        row = KeyRow(
            id=key.id,
            tenant=key.tenant,
            name=key.name,
            secret_hash=key.secret_hash,
            scopes=sorted(key.scopes),
            created_at=key.created_at,
            revoked_at=key.revoked_at,
        )
        try:
            with self._database.tenant(key.tenant, write=True) as session:
                bump(session, lock_registry(session), None)
                session.add(row)
        except Conflict as error:
            raise Conflict(f"There is already a key {key.id}: choose another id.") from error

    def find(self, key_id: str) -> StoredKey | None:
        """See the port."""
        with self._database.glance() as session:
            row = session.scalar(select(KeyRow).where(KeyRow.id == key_id))
            return None if row is None else _key(row)

    def list(self, tenant: str) -> Sequence[StoredKey]:
        """See the port."""
        with self._database.tenant(tenant) as session:
            rows = session.scalars(select(KeyRow).order_by(KeyRow.created_at, KeyRow.id))
            return [_key(row) for row in rows]

    def revoke(self, tenant: str, key_id: str, now: datetime) -> StoredKey | None:
        """See the port."""
        with self._database.tenant(tenant, write=True) as session:
            registry = lock_registry(session)
            row = session.scalar(select(KeyRow).where(KeyRow.id == key_id))
            if row is None:
                return None
            if row.revoked_at is None:
                row.revoked_at = now
                bump(session, registry, None)
        return _key(row)

    def any(self) -> bool:
        """See the port."""
        with self._database.every_tenant() as session:
            return bool(session.scalar(select(exists(select(KeyRow.id)))))


def _key(row: KeyRow) -> StoredKey:
    return StoredKey(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        secret_hash=row.secret_hash,
        scopes=frozenset(row.scopes),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
