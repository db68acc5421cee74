"""A Dask cluster of real processes: a scheduler and workers with little memory."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client
from waiting import wait_until

MEMORY_MB = 700


@dataclass
class Cluster:
    """A scheduler on a port of loopback, and workers that are started one by one."""

    port: int
    folder: Path
    scheduler: subprocess.Popen | None = None
    workers: list[subprocess.Popen] = field(default_factory=list)
    scheme: str = "dask"
    options: tuple[str, ...] = ()
    """Of both programs, such as certificates."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return self.url.replace("dask://", "tcp://")

    def start(self, workers: int = 2, **options) -> Cluster:
        self.scheduler = self._run(
            "scheduler", "--port", str(self.port), "--protocol", self.address.partition(":")[0]
        )
        for _ in range(workers):
            self.add_worker(**options)
        self.wait(workers)
        return self

    def add_worker(self, memory_mb: int = MEMORY_MB, environment=None, *more: str) -> None:
        scratch = self.folder / f"worker-{len(self.workers)}"
        limits = ("--nthreads", "1", "--memory-limit", f"{memory_mb}MB")
        options = (*limits, "--local-directory", str(scratch), *more)
        self.workers.append(self._run("worker", self.address, *options, environment=environment))

    def wait(self, workers: int) -> None:
        """Return when so many workers are there and answer: the scheduler counts a dead one for a while."""
        client = self.client()

        def there() -> bool:
            answers = client.run(os.getpid, on_error="return")
            return [type(one) for one in answers.values()] == [int] * workers

        try:
            wait_until(there, what=self.log_text)
        finally:
            client.close()

    def client(self, **options) -> Client:
        return Client(self.address, timeout=60, set_as_default=False, **options)

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (*self.workers, self.scheduler):
            if process is not None:
                _end(process)

    def log_text(self) -> str:
        return "\n".join(path.read_text()[-3000:] for path in sorted(self.folder.glob("*.log")))

    def scratch_files(self) -> list[Path]:
        """Return what lies in the workers' folders on behalf of Minerva."""
        return [
            Path(folder) / name
            for folder, below, _ in os.walk(self.folder)  # which others may clear meanwhile
            for name in below
            if name.startswith("minerva-")
        ]

    def _run(self, program: str, *arguments: str, environment=None) -> subprocess.Popen:
        name = f"{program}-{len(self.workers)}"
        command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *arguments]
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--no-dashboard", *self.options],
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )


def _end(process: subprocess.Popen) -> None:
    """Wait for a process that was asked to end; then end what it started, too."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
