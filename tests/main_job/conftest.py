"""A real sidecar: `minerva up` with its whole process tree, in a workspace of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

PATIENCE_S = 60

PLUGIN = '''
import time
import numpy as np
import minerva


class Shares:
    """Predicts how often each class was seen; slow to train so that it can be disturbed."""

    def __init__(self, shares):
        self.shares = np.asarray(shares)

    def predict(self, batch):
        return {"label": np.tile(self.shares, (len(batch), 1))}

    def save(self, folder):
        (folder / "shares.txt").write_text(" ".join(map(str, self.shares.tolist())))


class Parameters(minerva.Parameters, frozen=True):
    seconds: float = 0.0
    tilt: float = 0.0


class Slow(minerva.Algorithm):
    name = "test.slow"
    Parameters = Parameters

    def train(self, data, context):
        until = time.monotonic() + context.parameters.seconds
        while time.monotonic() < until or (context.workspace / "held").exists():
            context.progress(0.5, "thinking")
            time.sleep(0.05)
        yes = min(float(data.target().mean()) + context.parameters.tilt, 1.0)
        return Shares([1 - yes, yes])

    def load(self, folder, context):
        return Shares([float(part) for part in (folder / "shares.txt").read_text().split()])


@minerva.hookimpl
def minerva_algorithms():
    return [Slow()]
'''

SERVICE = """
service: label
algorithm: test.slow
parameters: {{seconds: {seconds}, tilt: {tilt}}}
schema:
  inputs:
    x: {{type: number}}
  output:
    label: {{type: category, values: ["No", "Yes"]}}
data: {{source: csv, path: data.csv}}
training: {{below_baseline: promote}}
"""


@dataclass
class Sidecar:
    """A running `minerva up` and how to talk to it."""

    workspace: Path
    port: int
    process: subprocess.Popen[str]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float = 60,
    ) -> tuple[int, Any]:
        """Send JSON, or bytes as they are; return status and decoded answer."""
        data = (
            body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        )
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=data,
            method=method,
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                **(headers or {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    @property
    def key(self) -> str:
        return (self.workspace / ".minerva" / "admin.key").read_text().strip()

    def train(self) -> str:
        status, answer = self.call("POST", "/v1/services/label/train", {})
        assert status == 202, answer
        return str(answer["job"]["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/v1/jobs/{job_id}")[1]["job"])

    def finished(self, job_id: str) -> dict[str, Any]:
        wait_until(lambda: self.job(job_id)["state"] not in {"queued", "running"})
        return self.job(job_id)

    def hold(self) -> None:
        """Have trainings go on until they are let go."""
        (self.workspace / "held").touch()

    def let_go(self) -> None:
        """Have trainings end."""
        (self.workspace / "held").unlink()

    def declare(self, *, seconds: float = 0.0, tilt: float = 0.0) -> None:
        file = self.workspace / "services" / "label.yaml"
        unfinished = file.with_suffix(".part")
        unfinished.write_text(SERVICE.format(seconds=seconds, tilt=tilt))
        unfinished.rename(file)

    def processes(self, needle: str) -> list[int]:
        """Return the pids below this `minerva up` whose command line holds `needle`."""
        return [pid for pid in descendants(self.process.pid) if needle in command_line(pid)]

    def attempts(self) -> list[int]:
        """Return the pids of the jobs' processes that have a job: what they print is kept."""
        return [pid for pid in self.processes("minerva.job_process") if _prints_to_log(pid)]


def _prints_to_log(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/fd/1").readlink().suffix == ".log"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except FileNotFoundError:
            continue
    return found


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        return ""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one slow service and 200 rows of data."""
    for name in ("services", "plugins"):
        (tmp_path / name).mkdir()
    (tmp_path / "minerva.toml").write_text("lease_s = 10\nsweep_interval_s = 0.5\n")
    (tmp_path / "plugins" / "slow.py").write_text(PLUGIN)
    (tmp_path / "services" / "label.yaml").write_text(SERVICE.format(seconds=0, tilt=0))
    rows = "".join(f"{n},{'Yes' if n % 4 == 0 else 'No'}\n" for n in range(200))
    (tmp_path / "data.csv").write_text("x,label\n" + rows)
    return tmp_path


@pytest.fixture
def sidecar(workspace: Path, free_port: Callable[[], int]) -> Iterator[Sidecar]:
    """`minerva up` in the workspace, ready; stopped afterwards, and nothing may be left."""
    port = free_port()
    environment = {
        **os.environ,
        "MINERVA_WORKSPACE": str(workspace),
        "MINERVA_PORT": str(port),
        "MINERVA_WEB_WORKERS": "2",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "minerva.cli", "up"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    running = Sidecar(workspace, port, process)
    try:
        wait_until(lambda: _ready(running))
        yield running
    finally:
        family = [process.pid, *descendants(process.pid)]
        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == 0, output
        # the keeper of models' processes sees within seconds that nobody is there any more
        wait_until(lambda: not any(command_line(pid) for pid in family))


def _ready(running: Sidecar) -> bool:
    assert running.process.poll() is None, running.process.stdout and running.process.stdout.read()
    try:
        return running.call("GET", "/readyz")[0] == 200 and bool(running.processes("worker"))
    except (OSError, ValueError):
        return False
