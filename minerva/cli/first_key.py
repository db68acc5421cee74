"""The first admin key of an installation: made once, or one that was put there for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from minerva.errors import Conflict, InvalidConfiguration

if TYPE_CHECKING:
    from minerva.layers.core.security.keys import ParsedKey
    from minerva.layers.core.security.keystore import KeyStore, StoredKey

TENANT = "default"
NAME = "first admin key"
SCOPE = frozenset({"admin"})

FirstKey = Literal["made", "registered", "known", "absent"]


def ensure_first_key(path: Path, keys: KeyStore) -> FirstKey:
    """See that the key in a file is one of the database's, and tell what was done for that.

    A key that is there is never written over: it may be a secret that was mounted. Nothing is made
    where there is no file and someone holds an admin key: then the file was taken away on purpose, or
    the database is shared. Raises InvalidConfiguration for a file without a key, and for a key whose
    id is another's.
    """
    made = False
    if not path.exists():
        if any(map(_is_admin, keys.list(TENANT))):
            return "absent"
        made = _make(path)
    parsed = _read(path)
    registered = _register(parsed, path, keys)
    return "made" if made and registered else "registered" if registered else "known"


def _make(path: Path) -> bool:
    from minerva.layers.abstraction.trust.key_files import make_key_file
    from minerva.layers.core.security.keys import mint

    text, _ = mint(TENANT, NAME, SCOPE, datetime.now(UTC))
    make_key_file(path, f"{text}\n".encode("ascii"), "admin key", "admin_key_file")
    return True


def _read(path: Path) -> ParsedKey:
    from minerva.layers.abstraction.trust.key_files import read_key_file
    from minerva.layers.core.security.keys import parse

    text = read_key_file(path, "admin key", secret=False).decode("ascii", errors="replace").strip()
    parsed = parse(text)
    if parsed is None:
        raise InvalidConfiguration(
            f"The admin key {path} {'is no key' if text else 'is empty'}: `minerva keys mint` prints "
            "one to put there, or remove the file, and one is made."
        )
    return parsed


def _register(parsed: ParsedKey, path: Path, keys: KeyStore) -> bool:
    """Add the key unless it is known; of several processes at once one does."""
    from minerva.layers.core.security.keys import stored_of

    stored = keys.find(parsed.id)
    if stored is None:
        try:
            keys.add(stored_of(parsed, TENANT, NAME, SCOPE, datetime.now(UTC)))
        except Conflict:
            stored = keys.find(parsed.id)
        else:
            return True
    if stored is None or not parsed.matches(stored):
        raise InvalidConfiguration(
            f"The admin key {path} has the id of another key: mint a new one, `minerva keys mint`."
        )
    return False


def _is_admin(key: StoredKey) -> bool:
    return "admin" in key.scopes and key.revoked_at is None
