"""The port to API keys: only a hash of each secret is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One API key; `secret_hash` cannot be turned back into the secret."""

    id: str
    tenant: str
    name: str
    secret_hash: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None


class KeyStore(Protocol):
    """API keys of all tenants."""

    def add(self, key: StoredKey) -> None:
        """Keep a key and bump the registry revision. Raises Conflict if the id exists."""

    def find(self, key_id: str) -> StoredKey | None:
        """Return a key of any tenant: the key itself says whose it is."""

    def list(self, tenant: str) -> Sequence[StoredKey]:
        """Return the tenant's keys, revoked ones too, oldest first."""

    def revoke(self, tenant: str, key_id: str, now: datetime) -> StoredKey | None:
        """End a key and bump the registry revision; a revoked key stays as it is."""

    def any(self) -> bool:
        """Return whether any tenant ever had a key."""
