"""From one request id to everything that belongs to it, over the logs of all processes.

The folder may hold gigabytes: blocks without the id are passed over before anything is parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

BLOCK = 4 * 1024 * 1024
MAX_EVENTS = 10_000

Event = dict[str, Any]
ANSWERED = "prediction.answered"
"""Names the job that made its version: other callers' predictions are not this request's path."""


@dataclass(frozen=True)
class _Search:
    folder: Path
    limit: int
    block: int


def follow(
    folder: Path, request_id: str, *, limit: int = MAX_EVENTS, block: int = BLOCK
) -> list[Event]:
    """Return the events of a request, and of the jobs that those events name, by time.

    A single prediction thus leads to the training of the version that answered. At most `limit`.
    """
    own = list(_matching(_Search(folder, limit, block), "request_id", {request_id}))
    jobs = {event["job_id"] for event in own if isinstance(event.get("job_id"), str)}
    known = {_identity(event) for event in own}
    of_jobs = _matching(_Search(folder, limit, block), "job_id", jobs)
    others = [
        event
        for event in of_jobs
        if _identity(event) not in known and event.get("event") != ANSWERED
    ]
    return sorted([*own, *others], key=_time)[:limit]


def latest(
    folder: Path,
    count: int,
    wanted: Callable[[Event], bool] = lambda _: True,
    *,
    block: int = BLOCK,
) -> list[Event]:
    """Return the newest `count` events that are `wanted`, by time; reads files from their end."""
    found: list[Event] = []
    for path in log_files(folder):
        mine: list[Event] = []
        for line in _lines_backwards(path, block):
            event = _parse(line)
            if event is not None and wanted(event):
                mine.append(event)
                if len(mine) == count:
                    break
        found.extend(mine)
    return sorted(found, key=_time)[-count:] if count else []


def log_files(folder: Path) -> list[Path]:
    """Return the log files of every component and of the legacy app, rotated ones included."""
    return sorted({*folder.glob("*.jsonl"), *folder.glob("*.jsonl.[0-9]*")})


def _matching(search: _Search, key: str, values: set[str]) -> Iterator[Event]:
    needles = [msgspec.json.encode(value) for value in values]
    for path in log_files(search.folder) if values else ():
        found = 0
        for line in _lines_with(path, needles, search.block):
            event = _parse(line)
            if event is not None and event.get(key) in values:
                yield event
                found += 1
                if found == search.limit:
                    break


def _lines_with(path: Path, needles: Sequence[bytes], size: int) -> Iterator[bytes]:
    for block in _blocks(path, size):
        if any(needle in block for needle in needles):
            yield from (
                line for line in block.split(b"\n") if any(needle in line for needle in needles)
            )


def _blocks(path: Path, size: int) -> Iterator[bytes]:
    """Yield the file in blocks that end with a line's end."""
    rest = b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(size):
                whole, newline, rest_of_chunk = chunk.rpartition(b"\n")
                if newline:
                    yield rest + whole
                    rest = rest_of_chunk
                else:
                    rest += chunk
    except OSError:  # rotated away between listing and reading
        return
    if rest:
        yield rest


def _lines_backwards(path: Path, block: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            position = file.seek(0, 2)
            rest = b""
            while position:
                size = min(block, position)
                position -= size
                file.seek(position)
                first, *lines = (file.read(size) + rest).split(b"\n")
                yield from reversed(lines)
                rest = first
            yield rest
    except OSError:  # rotated away between listing and reading
        return


def _parse(line: bytes) -> Event | None:
    """Return a line's event, or None for what is broken: a process may have died while writing."""
    if not line.strip():
        return None
    try:
        event = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _identity(event: Event) -> bytes:
    return msgspec.json.encode(event, order="deterministic")


def _time(event: Event) -> str:
    return str(event.get("timestamp", ""))
