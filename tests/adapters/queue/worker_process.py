"""A program around `minerva.worker`: real parts, and a runner that writes what it is asked to do."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from celery.signals import worker_ready

from minerva.beat import run_beat
from minerva.layers.abstraction.plugins.catalogue import Plugins
from minerva.settings import Loaded, Settings
from minerva.worker import run_worker


@dataclass
class RecordingRunner:
    """Appends a line per call. A job named hold… runs until the worker is stopped."""

    record: Path
    stopped: threading.Event = field(default_factory=threading.Event)

    def serve(self, queue: str, job_id: str) -> None:
        if self.stopped.wait(0.01):
            return
        self.write(f"run {job_id}")
        if job_id.startswith("fail"):
            raise RuntimeError(job_id)
        if job_id.startswith("hold"):
            self.stopped.wait(600)
            self.write(f"put back {job_id}")

    def tidy(self) -> None:
        """There is nothing to tidy up."""

    def ready(self) -> AbstractContextManager[None]:
        return nullcontext()

    def stop(self) -> None:
        self.stopped.set()

    def tick(self) -> None:
        self.write(f"tick {time.monotonic()}")

    def write(self, line: str) -> None:
        with self.record.open("a") as file:
            file.write(f"{line}\n")


class NothingDue:
    """No schedule ever is."""

    def tick(self) -> None:
        """There is nothing to start."""


@dataclass
class Container:
    """What `minerva.worker` needs of the real one."""

    loaded: Loaded
    runner: RecordingRunner
    sweeper: RecordingRunner
    scheduler: NothingDue
    catalogue: Plugins


def main(mode: str, url: str, record: str, workspace: str) -> int:
    settings = Settings(queue_url=url, sweep_interval_s=0.3)
    runner = RecordingRunner(Path(record))
    worker_ready.connect(lambda **_: Path(f"{record}.ready").touch(), weak=False)
    folder = Path(workspace)
    loaded = Loaded(settings, {}, folder)
    container = Container(loaded, runner, runner, NothingDue(), Plugins(folder))
    if mode == "beat":
        return run_beat(container, lambda: None)
    return run_worker(container, {"train": 1}, lambda: None)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
