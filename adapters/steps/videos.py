"""Videos as files that can be read: of the workspace, of the volume, or at a URL of a listed host.

The decoder is given what is read here and opens nothing itself: what stands in a video leads nowhere.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from minerva.adapters.steps.hosts import Hosts
from minerva.errors import InvalidInput
from minerva.step import Volume

CHUNK = 256 * 1024


@dataclass(frozen=True, eq=False)
class Video:
    """A video that is being read."""

    file: Any
    """What the decoder reads; can go back unless it is live."""
    name: str
    """The last part of where it is."""
    live: bool = False
    """It comes as it happens and may never end."""


@dataclass(frozen=True)
class Videos:
    """Where videos may be."""

    folder: Path | None
    """Names are below it; None: they are files of the volume."""
    volume: Volume
    hosts: Hosts
    max_bytes: int

    @contextmanager
    def opened(self, place: str, deadline: float) -> Iterator[Video]:
        """Open a video. `deadline` is a time of `time.monotonic()`.

        Raises InvalidInput for a place that is not allowed or holds nothing, NotPermitted for a
        private address, Unavailable for a host that is not there.
        """
        if "://" in place:
            with self._fetched(place, deadline) as video:
                yield video
            return
        path = self._path(place)
        if path.stat().st_size == 0:
            raise InvalidInput("The video is empty.")
        with path.open("rb") as file:
            yield Video(file, path.name)

    def _path(self, place: str) -> Path:
        if self.folder is None:
            return self.volume.path(place)
        path = self.folder / place
        root = self.folder.resolve()
        if "\0" in place or not path.resolve().is_relative_to(root) or not path.is_file():
            raise InvalidInput("There is no such video below the folder that the flow allows.")
        return path

    @contextmanager
    def _fetched(self, url: str, deadline: float) -> Iterator[Video]:
        with self.hosts.answer(url, deadline, self.max_bytes) as response:
            name = PurePosixPath(urlsplit(url).path).name or "video"
            if response.length is None:
                yield Video(_Forward(response), name, live=True)
                return
            with tempfile.TemporaryFile() as file:
                self._copy(response, file)
                if file.seek(0, os.SEEK_END) == 0:
                    raise InvalidInput("The video is empty.")
                file.seek(0)
                yield Video(_Seekable(file), name)

    def _copy(self, response: HTTPResponse, file: Any) -> None:
        left = self.max_bytes
        if response.length is not None and response.length > left:
            raise InvalidInput(f"The video has more than {self.max_bytes} bytes (`max_bytes`).")
        while piece := response.read(CHUNK):
            file.write(piece)


class _Forward:
    """What the decoder needs of a stream; a connection that is cut or out of time is its end."""

    def __init__(self, source: HTTPResponse) -> None:
        self._source = source

    def read(self, size: int) -> bytes:
        """Return up to so many bytes, none at the end."""
        try:
            return self._source.read1(size)
        except (OSError, HTTPException):
            return b""


class _Seekable:
    """What the decoder needs of a file that has no name."""

    def __init__(self, source: Any) -> None:
        self.read, self.seek, self.tell = source.read, source.seek, source.tell


def seconds_until(deadline: float) -> float:
    """Return what is left until a time of `time.monotonic()`."""
    return deadline - time.monotonic()
