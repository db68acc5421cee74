"""A workspace with its processes, each of which can be killed and started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from chaos.service import ROWS, SERVICE, write_people, write_training
from chaos.waiting import free_port, wait
from minerva.bootstrap import open_control
from minerva.cli.control import log_as
from minerva.cli.first_key import ensure_first_key
from minerva.client import Client
from minerva.settings import load

MINERVA = str(Path(sys.executable).parent / "minerva")
WITHIN_S = 600.0
PER_JOB_S = 20.0
"""The more was accepted, the longer its end may take."""
PARTS = 2
"""Of each batch, so that several processes work on one job."""
SETTINGS = """
lease_s = 3
sweep_interval_s = 1
retry_pause_s = 0.3
max_attempts = 100
web_workers = 1
database_timeout_s = 2
data_places = "data"
webhook_targets = "127.0.0.1:{port}"
"""
OPEN = ("queued", "running")
ENDED = frozenset({"succeeded", "failed", "cancelled", "dead"})


@dataclass
class World:
    """Everything that runs for one fault."""

    workspace: Path
    port: int
    environment: dict[str, str]
    receiver: Receiver
    service: str = "label"
    program: list[str] = field(default_factory=lambda: [MINERVA])
    accepted: list[str] = field(default_factory=list)
    with_callback: set[str] = field(default_factory=set)
    outputs: dict[str, Path] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        """A fresh connection to the sidecar: the one before may have been killed."""
        key = (self.workspace / ".minerva" / "admin.key").read_text().strip()
        return Client(f"http://127.0.0.1:{self.port}", key, 20)

    def start(self, *names: str, **more: str) -> None:
        """Start `serve`, `worker` or `beat`, each the leader of a session of its own."""
        for name in names:
            with (self.workspace / f"{name}.out").open("ab") as output:
                self.running[name] = subprocess.Popen(
                    [*self.program, name],
                    env={**self.environment, **more},
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )

    def wait_until_ready(self) -> None:
        """Wait until the sidecar takes requests."""
        wait(lambda: self.client.ready()["status"] == "ready", "the sidecar")

    def wait_for_champion(self) -> None:
        """Wait until a version serves, which batches need."""
        first = self.submit("train")
        wait(lambda: self.client.job(first)["state"] in ENDED, "the first version", WITHIN_S)
        self.wait_until_ready()

    def kill(self, name: str) -> None:
        """End a process as a power cut does: nothing in it hears of it."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def submit(self, kind: str, *, callback: bool = True) -> str:
        """Start a job, asking again as a careful caller does, and note that it was accepted."""
        url, key, accepted = self.receiver.url if callback else None, uuid4().hex, ""
        output = f"data/{key}.csv"
        parameters = {"input": "data/people.csv", "output": output, "parts": PARTS}
        parameters = parameters if kind == "batch" else {}

        def ask() -> bool:
            nonlocal accepted
            with self.client as client:
                job = client.start_job(self.service, kind, parameters, key, callback_url=url)
                accepted = str(job["id"])
            return True

        wait(ask, "the job is accepted")
        self.accepted.append(accepted)
        if kind == "batch":
            self.outputs[accepted] = self.workspace / output
        if callback:
            self.with_callback.add(accepted)
        return accepted

    def wait_for_jobs(self) -> None:
        """Wait until every accepted job, and every message about one, has ended."""
        within_s = WITHIN_S + PER_JOB_S * len(self.accepted)
        wait(lambda: not self.open_jobs(), "the end of all jobs", within_s, every_s=0.5)

    def open_jobs(self) -> set[str]:
        """Return the jobs, and the messages about jobs, that have not ended."""
        with self.client as client:
            found = [job for state in OPEN for job in client.jobs(state=state, limit=500)]
        return {str(job["id"]) for job in found}

    def attempt_s(self) -> float:
        """Return how long the newest training that ended took: longer, where others work too."""
        with self.client as client:
            (newest, *_) = client.jobs(kind="train", state="succeeded", limit=1)
        started, finished = (
            datetime.fromisoformat(newest[name]) for name in ("started_at", "finished_at")
        )
        return (finished - started).total_seconds()

    def expected_rows(self, job_id: str) -> int | None:
        """Return how many rows a job should have written."""
        return ROWS if job_id in self.outputs else None

    def written_rows(self, job_id: str) -> list[str]:
        """Return the keys that a job wrote."""
        path = self.outputs.get(job_id)
        if path is None or not path.exists():
            return []
        return [line.partition(",")[0] for line in path.read_text().splitlines()[1:]]

    def told(self) -> Mapping[str, set[str]]:
        """Return job id → the ids of the messages that told of its end."""
        return self.receiver.told

    def children(self) -> list[int]:
        """Return the processes that run jobs now: what they print is kept, a spare's is not."""
        running = [pid for pid, line in self._processes() if "minerva.job_process" in line]
        return [pid for pid in running if _prints_to(pid).endswith(".log")]

    def processes(self) -> list[str]:
        """Return what still runs for this workspace, apart from the receiver here."""
        return [f"{pid} {line}" for pid, line in self._processes()]

    def stop(self) -> None:
        """End all processes as an operator does."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(60)
        self.running.clear()
        with suppress(TimeoutError):
            wait(lambda: not self.processes(), "the end of all processes", 60)

    def _processes(self) -> Iterator[tuple[int, str]]:
        mark = f"MINERVA_WORKSPACE={self.workspace}".encode()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    yield int(entry.name), line


class Receiver:
    """A real receiver of callbacks that notes which message told of which job."""

    def __init__(self) -> None:
        self.told: dict[str, set[str]] = defaultdict(set)
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                message = json.loads(self.rfile.read(length))
                told[message["data"]["job_id"]].add(str(self.headers["webhook-id"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What jobs are given."""
        return f"http://127.0.0.1:{self.port}/told"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def world(**environment: str) -> Iterator[World]:
    """Make a workspace with a service that has a version, and end all of it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="minerva-chaos-"))
    receiver = Receiver()
    port = free_port()
    made = World(
        folder,
        port,
        {**os.environ, "MINERVA_WORKSPACE": str(folder), "MINERVA_PORT": str(port), **environment},
        receiver,
    )
    try:
        _prepare(made)
        yield made
    finally:
        for process in made.running.values():
            process.kill()
            process.wait()
        receiver.close()
        shutil.rmtree(folder, ignore_errors=True)


def _prints_to(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/fd/1").readlink())
    except OSError:  # it ended
        return ""


def _prepare(made: World) -> None:
    folder = made.workspace
    for name in ("services", "data"):
        (folder / name).mkdir()
    (folder / "minerva.toml").write_text(SETTINGS.format(port=made.receiver.port))
    (folder / "services" / "label.yaml").write_text(SERVICE)
    write_training(folder / "data.csv")
    write_people(folder / "data" / "people.csv")
    loaded = load(folder, made.environment)
    log_as(loaded, "cli")
    with open_control(loaded) as container:
        ensure_first_key(loaded.admin_key, container.stores.keys)
        container.workspace_services.refresh()
