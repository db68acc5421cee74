"""Who is at the other end of a Unix socket: the keeper does not serve the processes that it confines.

A process that Landlock confines can gain no privileges any more, and neither can what it starts; Linux
tells that of every process (`no_new_privs`, prctl(2)). A host that asked the keeper for another process,
with fewer limits, would be told by it. Where we are under the same rule ourselves, as in many
containers, the two cannot be told apart, and the container is the wall.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")
"""Process, user and group id, as the kernel noted them when the socket was connected."""
_MARK = "NoNewPrivs:\t1"


def is_stranger(connection: socket.socket) -> bool:
    """Tell whether the peer is a confined process while we are none; False where nobody can tell."""
    if not sys.platform.startswith("linux"):
        return False
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    peer, _, _ = _CREDENTIALS.unpack(told)
    return _confined(peer) and not _confined(os.getpid())


def _confined(pid: int) -> bool:
    try:
        return _MARK in Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has ended already
        return True
