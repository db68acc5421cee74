"""JobQueue in memory: for tests, and for programs that run jobs themselves."""

from __future__ import annotations

from collections import deque


class MemoryQueue:
    """Keeps sent job ids, oldest first, until someone takes them from `sent`."""

    def __init__(self) -> None:
        self.sent: deque[str] = deque()

    def send(self, job_id: str, queue: str) -> None:  # noqa: ARG002 - the port's name for it
        """Remember the id."""
        self.sent.append(job_id)
