"""Where models' processes meet their callers: short paths, because a Unix socket's has no room."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from minerva.errors import Unavailable
from minerva.layers.abstraction.runtimes.spec import MAX_SOCKET_BYTES

HOST_SOCKET = "s"
_ROOM = len("/p-0123456789abcdef/s")
"""What the longest socket adds to the folder."""


def run_folder(state: Path, temporary: Path | None = None) -> Path:
    """Return the folder for sockets and scratch, made if need be, for this user alone.

    `<state>/run`, or one below `temporary`, the system's if None, where that path is too long. Raises
    Unavailable.
    """
    folder = state.resolve() / "run"
    if len(os.fsencode(folder)) + _ROOM > MAX_SOCKET_BYTES:
        name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        below = (temporary or Path(tempfile.gettempdir())).resolve()
        folder = below / f"minerva-{os.geteuid()}-{name}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.lstat()
    except OSError as error:
        raise Unavailable(f"{folder} cannot be made: {error.strerror}.") from error
    others = stat.S_IRWXG | stat.S_IRWXO
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & others:
        raise Unavailable(
            f"{folder} must be a folder that this user alone may enter, because sockets of models "
            "lie in it: remove it, or its group's and others' rights."
        )
    return folder
