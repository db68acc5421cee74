"""What is not to be foreseen: the time on this machine, and new ids."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """Return the time by this machine's clock, in UTC; `stores.clock` has the one that all share."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return 32 hexadecimal digits that nobody can guess."""
    return secrets.token_hex(16)
