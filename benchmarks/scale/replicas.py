"""Real replicas on one database: `minerva serve` so many times, each with a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from sidecar import MINERVA, Sidecar, free_port, tree, wait

from minerva.client import Client

PATIENCE_S = 180.0


def environment(workspace: Path, shared: Path, database: str, broker: str) -> dict[str, str]:
    """Return what a process of a deployment is told: its own folder, and what all share."""
    return {
        **os.environ,
        "MINERVA_WORKSPACE": str(workspace),
        "MINERVA_DATABASE_URL": database,
        "MINERVA_QUEUE_URL": broker,
        "MINERVA_ARTEFACTS_URL": str(shared / "artefacts"),
        "MINERVA_SIGNING_KEY": str(shared / "signing.key"),
        "MINERVA_AUTH": "keys",
    }


@contextmanager
def replicas(
    count: int, source: Path, shared: Path, database: str, broker: str, *, web_workers: int = 1
) -> Iterator[Sequence[Sidecar]]:
    """Run so many replicas of a workspace; they are ready when this gives them."""
    with ExitStack() as running:
        found = [
            running.enter_context(
                _replica(shared / f"replica{number}", source, shared, database, broker, web_workers)
            )
            for number in range(count)
        ]
        for one in found:
            with Client(one.url) as client:
                wait(partial(_ready, client), "a replica's start", within_s=PATIENCE_S)
        yield found


@contextmanager
def program(name: str, workspace: Path, told: dict[str, str]) -> Iterator[int]:
    """Run `minerva NAME`; give its process."""
    with (workspace / f"{name}.out").open("wb") as output:
        process = subprocess.Popen([MINERVA, name], env=told, stdout=output, stderr=output)
    try:
        yield process.pid
    finally:
        _signal([process.pid], signal.SIGCONT)
        process.terminate()
        process.wait()


@contextmanager
def _replica(
    workspace: Path, source: Path, shared: Path, database: str, broker: str, web_workers: int
) -> Iterator[Sidecar]:
    workspace.mkdir()
    for name in ("minerva.toml", "services", "customers.csv"):
        found = source / name
        (shutil.copytree if found.is_dir() else shutil.copy)(found, workspace / name)
    port = free_port()
    told = environment(workspace, shared, database, broker)
    told |= {"MINERVA_PORT": str(port), "MINERVA_WEB_WORKERS": str(web_workers)}
    with program("serve", workspace, told) as pid:
        try:
            yield Sidecar(workspace, port, pid, web_workers)
        finally:
            _signal(tree(pid), signal.SIGCONT)


@contextmanager
def stopped(asleep: Sequence[Sidecar]) -> Iterator[None]:
    """Keep replicas from asking anything for a while."""
    pids = [pid for one in asleep for pid in tree(one.pid)]
    _signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _signal(pids: Iterator[int] | Sequence[int], which: signal.Signals) -> None:
    for pid in list(pids):
        try:
            os.kill(pid, which)
        except ProcessLookupError:
            continue


def _ready(client: Client) -> bool:
    return bool(client.ready()["status"] == "ready")
