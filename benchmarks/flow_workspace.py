"""Workspaces of small flows to measure, and processes of Minerva that work in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flow_steps
from sidecar import MINERVA, free_port, wait

from minerva.client import Client

if TYPE_CHECKING:
    from minerva.bootstrap import Container

NUMBER = {"type": "number"}
LENGTH = {
    "service": "length",
    "algorithm": "rules",
    "schema": {
        "inputs": {"value": NUMBER},
        "output": {"kind": {"type": "category", "values": ["short", "long"]}},
    },
    "parameters": {
        "rules": [{"when": "value > 10", "then": {"kind": "long"}}],
        "otherwise": {"kind": "short"},
    },
}
"""The service that flows ask."""


def flow(name: str, steps: Mapping[str, Any], answer: str, **more: Any) -> dict[str, Any]:
    """Return a flow that is asked for a number, and answers with one."""
    return {
        "service": name,
        "algorithm": "flow",
        "schema": {"inputs": {"count": NUMBER}, "output": {"total": NUMBER}},
        "parameters": {"steps": steps, "answer": {"total": answer}},
        **more,
    }


@contextmanager
def workspace(*services: Mapping[str, Any]) -> Iterator[Path]:
    """Make a workspace with the steps of `flow_steps`, in which these services and flows serve."""
    with tempfile.TemporaryDirectory(prefix="minerva-flows-") as name:
        folder = Path(name)
        for part in ("plugins", "services", "flows", "data"):
            (folder / part).mkdir()
        (folder / "minerva.toml").write_text('web_workers = 1\ndata_places = "data"\n')
        shutil.copy(Path(flow_steps.__file__), folder / "plugins")
        declare(folder, *services)
        yield folder


def declare(folder: Path, *services: Mapping[str, Any]) -> None:
    """Declare services and flows, whose first versions are made at once: they learn nothing.

    JSON is YAML, and keeps the order of steps.
    """
    from minerva.bootstrap import open_web
    from minerva.cli.control import log_as
    from minerva.settings import load

    for one in services:
        part = "flows" if one["algorithm"] == "flow" else "services"
        (folder / part / f"{one['service']}.yaml").write_text(json.dumps(one))
    loaded = load(folder, {})
    log_as(loaded, "cli")
    with open_web(loaded) as container:
        container.workspace_services.apply()
        faults = [str(fault) for fault in container.workspace_services.faults]
    if faults:
        raise ValueError("; ".join(faults))


@contextmanager
def process(folder: Path, name: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `minerva serve`, `worker` or `beat` in a workspace."""
    environment = {**os.environ, "MINERVA_WORKSPACE": str(folder), "MINERVA_AUTH": "none"}
    with (folder / f"{name}.out").open("ab") as said:
        running = subprocess.Popen(
            [MINERVA, name], env={**environment, **settings}, stdout=said, stderr=said
        )
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


@contextmanager
def sidecar(folder: Path, **settings: str) -> Iterator[str]:
    """Run `minerva serve` in a workspace, and give its address."""
    port = free_port()
    with process(folder, "serve", MINERVA_PORT=str(port), **settings):
        url = f"http://127.0.0.1:{port}"
        with Client(url) as client:
            wait(lambda: client.ready()["status"] == "ready", "the start")
        yield url


@contextmanager
def workers(folder: Path, count: int) -> Iterator[None]:
    """Run several `minerva worker`, each of which does one job of a queue at a time."""
    one = {f"MINERVA_{queue}_SLOTS": "1" for queue in ("TRAIN", "BATCH", "QUICK")}
    with ExitStack() as opened:
        for _ in range(count):
            opened.enter_context(process(folder, "worker", **one))
        yield


@contextmanager
def serving(folder: Path) -> Iterator[Container]:
    """Serve a workspace in this process; only what the benchmark prints is said."""
    import structlog

    from minerva.bootstrap import open_web
    from minerva.settings import load

    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with open_web(load(folder, {})) as container:
        container.live.refresh()
        yield container
