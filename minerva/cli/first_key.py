"""The first admin key of a workspace: made once, left where only its owner reads it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from minerva.cli.session import KEY_FILE
from minerva.errors import InvalidConfiguration

if TYPE_CHECKING:
    from minerva.bootstrap import Container
    from minerva.layers.core.security.keystore import KeyStore, StoredKey

TENANT = "default"


def ensure_first_key(container: Container) -> tuple[Path, bool]:
    """Return the key file and whether its key was made now.

    Nothing is made where the file's key is known, or where someone holds an admin key already: then
    the file was taken away on purpose, or the database is shared.
    """
    from minerva.layers.core.security.keys import mint

    path = container.loaded.state / KEY_FILE
    keys = container.stores.keys
    if _known(path, keys) or (not path.exists() and any(map(_is_admin, keys.list(TENANT)))):
        return path, False
    text, stored = mint(TENANT, "first admin key", {"admin"}, datetime.now(UTC))
    _write_private(path, text)
    keys.add(stored)
    return path, True


def _known(path: Path, keys: KeyStore) -> bool:
    """Whether the file's key is one of the database's; it may be of a database that was deleted."""
    from minerva.layers.core.security.keys import parse

    if not path.exists():
        return False
    parsed = parse(path.read_text(encoding="ascii", errors="replace").strip())
    return parsed is not None and keys.find(parsed.id) is not None


def _is_admin(key: StoredKey) -> bool:
    return "admin" in key.scopes and key.revoked_at is None


def _write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 that is there whole or not at all."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{text}\n")
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise InvalidConfiguration(
            f"The admin key cannot be written to {path}: {error.strerror}."
        ) from error
