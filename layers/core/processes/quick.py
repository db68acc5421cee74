"""Which requests the loop of a web worker answers itself: giving them to a thread would cost more.

A thread must be woken, needs the interpreter, and wakes the loop again: that costs more than the answer
of a small model. But whoever is slow in the loop holds up everybody. So only predictions of small bodies
are answered there, of services that were seen to be quick; one that is slow after all is left to threads
for a while, for longer each time it is slow again (docs/adr/0019).
"""

from __future__ import annotations

import fcntl
import struct
import termios
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minerva.layers.core.processes.caller import CallerSocket

QUICK_S = 0.001
"""An answer of a thread that took no longer tells that a service is quick."""
SLOW_S = 0.002
"""A service whose answers in the loop take longer in the mean is not."""
SHARE = 0.05
"""Of the newest answer in that mean: one that took 40 ms is enough."""
FIRST_REST_S, LONGEST_REST_S = 1.0, 3600.0
FORGIVEN = 0.999
"""What is left of a rest's length after an answer that was quick."""
MOST_BYTES = 64 * 1024
MOST_SERVICES = 4096
"""So many are known; callers make up names without end."""
_BEFORE, _AFTER = b"POST /v1/services/", b"/predict HTTP/1.1"
_ASKED = b'"records"'
_WITHIN = 32
"""Bytes of a body: what else it may ask, by key or with an explanation, is not looked for elsewhere."""


@dataclass
class Known:
    """What was seen of one service."""

    quick: bool = False
    mean_s: float = 0.0
    rest_s: float = FIRST_REST_S
    not_before: float = 0.0


class Quick:
    """Learns from how long answers took. For one loop; threads only note."""

    def __init__(self) -> None:
        self._known: dict[bytes, Known] = {}

    def may(self, data: bytearray, body_at: int | None, now: float) -> bool:
        """Whether the loop may answer a request, all of which is there."""
        line = self.line(data)
        if line is None or body_at is None or len(data) > MOST_BYTES:
            return False
        known = self._known.get(line)
        if known is None or not known.quick or now < known.not_before:
            return False
        return data.find(_ASKED, body_at, body_at + _WITHIN) >= 0 and b'"keys"' not in data

    def line(self, data: bytearray) -> bytes | None:
        """Return the request line of a prediction, which tells the service; None of anything else."""
        if not data.startswith(_BEFORE):
            return None
        line = bytes(data[: data.find(b"\r\n")])
        return line if line.endswith(_AFTER) else None

    def answered_by_thread(self, line: bytes, seconds: float) -> None:
        """Note how long a thread took, waiting for the interpreter included."""
        if seconds <= QUICK_S and len(self._known) < MOST_SERVICES:
            self._known.setdefault(line, Known()).quick = True

    def answered_here(self, line: bytes, seconds: float, now: float) -> None:
        """Note how long the loop took."""
        known = self._known[line]
        known.mean_s += SHARE * (seconds - known.mean_s)
        if known.mean_s <= SLOW_S:
            known.rest_s = max(FORGIVEN * known.rest_s, FIRST_REST_S)
            return
        known.mean_s = 0.0
        known.not_before = now + known.rest_s
        known.rest_s = min(2 * known.rest_s, LONGEST_REST_S)


def takes_all(sock: CallerSocket) -> bool:
    """Whether the caller has read all that we sent: a small answer is then written without waiting."""
    unread: int = struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0\0\0\0"))[0]
    return unread == 0
