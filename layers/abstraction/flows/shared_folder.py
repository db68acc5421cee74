"""The folder that all requests to a flow share: bounded by what lies in it, and cleaned by age.

Any number of processes write there at once, so nobody keeps count: whoever wants to know looks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from minerva.errors import Unavailable

MEGABYTE = 1024 * 1024
SHARED_QUOTA_MB = 1024


@dataclass(frozen=True)
class SharedFolder:
    """The folder of one flow."""

    path: Path
    quota_mb: int = SHARED_QUOTA_MB
    keep_s: float | None = None
    """Files that were not changed for so long are removed; None: never."""

    def open(self) -> Path:
        """Return the folder, made if need be. Raises Unavailable if it holds more than it may."""
        self.path.mkdir(parents=True, exist_ok=True)
        if self._full():
            self.clean()
            if self._full():
                raise Unavailable(
                    f"The files that all requests to the flow share need more than {self.quota_mb} MB "
                    "(volume.shared_quota_mb of the flow)."
                )
        return self.path

    def clean(self, now: float | None = None) -> int:
        """Remove what is old and return how many files that were; folders stay, somebody may be there."""
        if self.keep_s is None:
            return 0
        before, removed = (time.time() if now is None else now) - self.keep_s, 0
        for file in _files(self.path):
            with suppress(OSError):  # another process may remove it at the same time
                if file.stat(follow_symlinks=False).st_mtime < before:
                    Path(file).unlink()
                    removed += 1
        return removed

    def _full(self) -> bool:
        """Tell whether there is too much; looks no further than that needs."""
        most, used = self.quota_mb * MEGABYTE, 0
        for file in _files(self.path):
            with suppress(OSError):
                used += file.stat(follow_symlinks=False).st_size
            if used > most:
                return True
        return False


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Yield what lies below a folder and is none; no link is followed, what vanishes is passed over."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            else:
                yield entry
