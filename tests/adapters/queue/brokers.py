"""The embedded broker as one that tests may stop, restart and empty, as `chaos.brokers` has the others."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Folder:
    """The embedded broker, which cannot stop: it is away while its place is taken by a file."""

    path: Path

    @property
    def url(self) -> str:
        return f"filesystem://{self.path}"

    def stop(self) -> None:
        self.flush()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("a file stands where the folder should be")

    def start(self) -> None:
        self.path.unlink()

    def flush(self) -> None:
        """Lose all that waits, folders and all."""
        shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Nothing runs."""
