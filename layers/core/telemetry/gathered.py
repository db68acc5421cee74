"""Log lines off the request path: gathered for a moment, then written many at a time by a thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from minerva.layers.core.telemetry.log_file import Sink

GATHER_S = 0.025
"""How long a line may wait. A process that is killed at once loses no more than that."""
MOST_LINES = 10_000
"""So many lines may wait; whoever adds one more writes them himself, so that none is lost."""


class GatheredLines:
    """Hands lines on to `sink` in order. After `close` every line is written at once."""

    def __init__(self, sink: Sink) -> None:
        self.at_once = sink.at_once
        self._sink = sink
        self._lines: deque[bytes] = deque()
        self._wanted, self._closed = threading.Event(), threading.Event()
        self._writing = threading.RLock()
        self._thread: threading.Thread | None = None

    def write(self, line: bytes) -> None:
        """Take a line; it is written within `GATHER_S`."""
        self._lines.append(line)
        full = self._closed.is_set() or len(self._lines) >= MOST_LINES
        if self._wanted.is_set() and not full:
            return
        self._wanted.set()
        if full or not self._started():
            self.flush()

    def write_now(self, line: bytes) -> None:
        """Write a line, and before it those that wait: for what must outlive a crash."""
        self._lines.append(line)
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        with self._writing:
            for piece in self._pieces():
                self._sink.write(piece)

    def close(self) -> None:
        """Write what waits, and from now on every line at once."""
        self._closed.set()
        self._wanted.set()
        self.flush()

    def _started(self) -> bool:
        """Tell whether there is a thread; near its end a process gets no new one."""
        if self._thread is None:
            with self._writing:
                if self._thread is None:
                    thread = threading.Thread(target=self._run, name="log", daemon=True)
                    try:
                        thread.start()
                    except RuntimeError:
                        return False
                    self._thread = thread
        return True

    def _run(self) -> None:
        """Write every `GATHER_S`; wait to be wanted only after a while without lines."""
        while not self._closed.wait(GATHER_S):
            if not self._lines:
                self._wanted.clear()
                if not self._lines:  # who added one before the clearing wanted nobody
                    self._wanted.wait()
                    continue
            self.flush()

    def _pieces(self) -> Iterator[bytes]:
        """Give the lines that wait in pieces that the sink writes without a break."""
        piece: list[bytes] = []
        size = 0
        while self._lines:
            line = self._lines.popleft()
            if piece and size + len(line) > self.at_once:
                yield b"".join(piece)
                piece, size = [], 0
            piece.append(line)
            size += len(line)
        if piece:
            yield b"".join(piece)
