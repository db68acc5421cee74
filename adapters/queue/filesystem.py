"""A kombu transport whose broker is a folder: one file per message, for machines without a server.

kombu's own filesystem transport writes a message under its final name, and rewrites its table of
bindings in place: a reader that comes in between finds half of it and fails. It also moves each message
through the system's temporary folder, which on another file system is a copy and lets two readers have it.
Here a message appears by `rename` and belongs to the reader whose `unlink` succeeds; bindings stay in
memory, since every sender declares the queue it sends to. There is no fanout, so no remote control.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

import structlog
from kombu.transport import virtual

SUFFIX = ".msg"
STALE_S = 3600
"""A message takes milliseconds to write; an unfinished one this old was left by a killed sender."""
LONGEST_WAIT_S = 0.3

log = structlog.get_logger()


class Channel(virtual.Channel):
    """Reads and writes `<folder>/<queue>/<time>-<id>.msg`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call] # kombu is half typed
        self._root = Path(self.connection.client.transport_options["folder"])
        self._unfinished = self._folder("unfinished")
        _remove_stale(self._unfinished)

    def _folder(self, name: str) -> Path:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self._root / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _new_queue(self, queue: str, **_: Any) -> None:
        self._folder(queue)

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}{SUFFIX}"
        unfinished = self._unfinished / name
        try:
            with unfinished.open("wb") as file:
                file.write(json.dumps(message).encode())
            unfinished.rename(self._root / queue / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 - kombu's signature; a folder answers at once
        for name in self._names(queue):
            path = self._root / queue / name
            try:
                content = path.read_bytes()
                path.unlink()
            except FileNotFoundError:  # another reader was faster, the message is theirs
                continue
            try:
                message: dict[str, Any] = json.loads(content)
            except ValueError:
                log.warning("queue.message_unreadable", queue=queue, file=name)
                continue
            return message
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _purge(self, queue: str) -> int:
        names = self._names(queue)
        for name in names:
            (self._root / queue / name).unlink(missing_ok=True)
        return len(names)

    def _names(self, queue: str) -> list[str]:
        return sorted(name for name in os.listdir(self._root / queue) if name.endswith(SUFFIX))  # noqa: PTH208 - called ten times a second, names suffice


class Transport(virtual.Transport):
    """Connects to the folder that the transport option `folder` names."""

    Channel = Channel
    driver_type = "filesystem"
    driver_name = "filesystem"
    connection_errors = (*virtual.Transport.connection_errors, OSError)  # type: ignore[assignment] # kombu's own is inferred too narrowly
    """A folder that is gone, read-only or full is to kombu what a broken connection is."""

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Wait for a message no longer than it takes a worker to notice SIGTERM in good time."""
        shorter = timeout and min(timeout, LONGEST_WAIT_S)
        super().drain_events(connection, timeout=shorter, **kwargs)  # type: ignore[no-untyped-call] # as above

    def driver_version(self) -> str:
        """Tell that there is no driver that has a version."""
        return "N/A"


def _remove_stale(folder: Path) -> None:
    for path in folder.glob(f"*{SUFFIX}"):
        try:
            if time.time() - path.stat().st_mtime > STALE_S:
                path.unlink()
        except FileNotFoundError:  # another process removed it first
            continue
