"""The embedded broker as one that tests may stop, restart and empty, as `chaos.brokers` has the others."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from waiting import wait_until


@dataclass
class Folder:
    """The embedded broker, which cannot stop: it is away while its place is taken by a file."""

    path: Path

    @property
    def url(self) -> str:
        return f"filesystem://{self.path}"

    def stop(self) -> None:
        """Again, where a worker has made the folder anew meanwhile."""
        wait_until(self._taken_away)

    def _taken_away(self) -> bool:
        self.flush()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.path.write_text("a file stands where the folder should be")
        except IsADirectoryError:
            return False
        return True

    def start(self) -> None:
        self.path.unlink()

    def flush(self) -> None:
        """Lose all that waits, folders and all."""
        shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Nothing runs."""


def wait_for_ids(next_id: Callable[[], str | None], *wanted: str) -> None:
    """Take what there is until all of these have come; some may come twice, or others between."""
    taken: set[str | None] = set()
    wait_until(lambda: taken.add(next_id()) or taken.issuperset(wanted), what=lambda: taken)
