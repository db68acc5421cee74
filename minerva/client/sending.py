"""Sending training data: small files in one call, larger ones in pieces that outlive a connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from minerva.client.answers import Document, member
from minerva.client.clock import SYSTEM_CLOCK, Clock
from minerva.client.line import Line
from minerva.errors import Conflict, InvalidInput, Unavailable

TYPES = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
PIECE = 8 * 1024 * 1024
PATIENCE_S = 120.0
"""So long is a sidecar that is away waited for: it may be restarted meanwhile."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0

Told = Callable[[int, int], None]
"""Is told how many bytes of how many have come."""


def format_of(path: Path) -> str:
    """Return the format that a name ends with. Raises InvalidInput."""
    found = SUFFIXES.get(path.suffix.lower())
    if found is None:
        known = ", ".join(SUFFIXES)
        raise InvalidInput(f"{path.name} ends in none of {known}: say its format.")
    return found


def send_whole(
    line: Line,
    path: str,
    file: Path,
    layout: tuple[str, Mapping[str, Any]],
    headers: Mapping[str, str],
) -> Document:
    """Send a file as the body of one call, and return what is answered."""
    format_, how = layout
    query = f"?{urlencode(how)}" if how else ""
    return line.send(path + query, file.read_bytes(), {"Content-Type": TYPES[format_], **headers})


class Sending:
    """One upload in pieces."""

    def __init__(
        self, line: Line, patience_s: float = PATIENCE_S, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._line = line
        self._patience_s = patience_s
        self._clock = clock

    def send(
        self, service: str, file: Path, format_: str, how: Mapping[str, Any], told: Told
    ) -> Document:
        """Send a file and return its complete upload; go on after whatever passes."""
        size = file.stat().st_size
        body = {"service": service, "format": format_, "size": size, **how}
        upload = member(self._line.call("POST", "/v1/uploads", body), "upload")
        where = f"/v1/uploads/{quote(str(upload['id']), safe='')}"
        with file.open("rb") as content:
            while not upload["complete"]:
                told(upload["offset"], size)
                upload = self._go_on(where, content, upload["offset"])
        told(size, size)
        return upload

    def _go_on(self, where: str, content: BinaryIO, offset: int) -> Document:
        """Send the next piece; after a break, ask how far the upload came instead."""
        content.seek(offset)
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
        }
        try:
            piece = content.read(PIECE)
            return member(self._line.send(where, piece, headers, method="PATCH"), "upload")
        except (Unavailable, Conflict) as broken:
            return self._asked(where, offset, broken)

    def _asked(self, where: str, offset: int, broken: Exception) -> Document:
        """Ask until somebody answers that it came further, or that nothing of it did."""
        pause, deadline = FIRST_PAUSE_S, self._clock.now() + self._patience_s
        while True:
            self._clock.sleep(pause)
            try:
                upload = member(self._line.get(where), "upload")
            except Unavailable:
                if self._clock.now() > deadline:
                    raise
            else:
                if upload["offset"] != offset or not isinstance(broken, Conflict):
                    return upload
                if self._clock.now() > deadline:  # somebody else is sending, and goes on to
                    raise broken
            pause = min(2 * pause, LONGEST_PAUSE_S)
