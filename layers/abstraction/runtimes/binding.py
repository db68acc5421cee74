"""A host's socket before anybody listens on it."""

from __future__ import annotations

import socket
from pathlib import Path


def bound(path: str) -> socket.socket:
    """Return a socket that only this user can connect to, once it is listened on. Raises OSError."""
    Path(path).unlink(missing_ok=True)  # of a host that was killed
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(path)
        Path(path).chmod(0o600)
    except OSError:
        made.close()
        raise
    return made
