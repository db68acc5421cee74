"""The thread in a host that ends a call without end and keeps the log file small."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from minerva.layers.abstraction.runtimes.host import Calls

log = structlog.get_logger()

GRACE_S = 1.0
"""Beyond the deadline: whoever asked has given up already."""
LOOK_EVERY_S = 0.25
MAX_LOG_BYTES = 8 * 1024 * 1024
KEPT_LOG_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Watch:
    """What is looked at, and what ends the process."""

    calls: Calls
    deadline_ms: int
    """0: calls may take any time."""
    log_file: int
    """Descriptor of the log, open for reading and appending."""
    end: Callable[[], None]

    def run(self, stopping: threading.Event) -> None:
        """Look every quarter of a second."""
        while not stopping.wait(LOOK_EVERY_S):
            self.look()

    def look(self) -> None:
        """Look once."""
        cut(self.log_file)
        busy_s = self.calls.busy_s()
        if self.deadline_ms and busy_s > self.deadline_ms / 1000 + GRACE_S:
            log.error("host.hangs", seconds=round(busy_s, 1), deadline_ms=self.deadline_ms)
            self.end()


def cut(log_file: int, most: int = MAX_LOG_BYTES, kept: int = KEPT_LOG_BYTES) -> None:
    """Forget the beginning of a log that has become too long; `log_file` is open for appending.

    What is written by others in the same moment may be lost: it is a log, and theirs is too much.
    """
    size = os.fstat(log_file).st_size
    if size > most:
        end = os.pread(log_file, kept, size - kept)
        os.ftruncate(log_file, 0)
        os.write(log_file, b"... the log was too long, its beginning is gone\n" + end)
