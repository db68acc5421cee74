"""API keys: `mk_<id>_<secret>`. The id is public and finds the row; the secret is never stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from minerva.errors import Fault, InvalidInput
from minerva.layers.core.security.keystore import StoredKey
from minerva.layers.core.security.principal import SCOPES

_FORM = re.compile(r"mk_([0-9a-f]{12})_([0-9a-f]{64})", re.ASCII)
_SECRET_BYTES = 32
"""256 random bits: no dictionary to guess from, so a plain SHA-256 protects the stored hash."""


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """The two halves of a well-formed key."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"ParsedKey(id={self.id!r})"

    def matches(self, stored: StoredKey) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(hash_secret(self.secret), stored.secret_hash)


def mint(tenant: str, name: str, scopes: Collection[str], now: datetime) -> tuple[str, StoredKey]:
    """Make a key: the text to hand out once, and the row to keep.

    Raises InvalidInput for a scope that does not exist, or none at all.
    """
    faults = [
        Fault("scopes", f"{scope!r} is not one of {', '.join(sorted(SCOPES))}")
        for scope in sorted(scopes)
        if scope not in SCOPES
    ]
    if faults or not scopes:
        raise InvalidInput("A key needs one or more of the known scopes.", faults=faults)
    key = ParsedKey(secrets.token_hex(6), secrets.token_hex(_SECRET_BYTES))
    return f"mk_{key.id}_{key.secret}", stored_of(key, tenant, name, scopes, now)


def stored_of(
    key: ParsedKey, tenant: str, name: str, scopes: Collection[str], now: datetime
) -> StoredKey:
    """Return the row to keep of a key."""
    return StoredKey(
        id=key.id,
        tenant=tenant,
        name=name,
        secret_hash=hash_secret(key.secret),
        scopes=frozenset(scopes),
        created_at=now,
        revoked_at=None,
    )


def parse(text: str) -> ParsedKey | None:
    """Return the halves of a key, or None if this is no key of ours."""
    match = _FORM.fullmatch(text)
    return ParsedKey(match[1], match[2]) if match else None


def hash_secret(secret: str) -> str:
    """Return SHA-256 (hex) of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
