"""A sidecar that serves one service on a port, as a process of its own."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from waiting import wait_until

from minerva.bootstrap import open_web
from minerva.layers.core.security.keys import mint
from minerva.layers.core.security.principal import SCOPES
from minerva.settings import load

PATIENCE_S = 300


@dataclass(frozen=True)
class Sidecar:
    """A running `minerva serve`, and a key to it."""

    port: int
    key: str

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz"):
                return True
        except OSError:
            return False


@contextmanager
def serving(workspace: Path, port: int, service: str, *more_settings: str) -> Iterator[Sidecar]:
    """Serve a workspace of one service; what the server says on the way stands in its folder."""
    settings = ["web_workers = 1", 'webhook_targets = "*"', *more_settings]
    (workspace / "services").mkdir(parents=True)
    (workspace / "minerva.toml").write_text("\n".join(settings))
    (workspace / "services" / "churn.yaml").write_text(service)
    key, stored = mint("default", "a test", SCOPES, datetime.now(UTC))
    with open_web(load(workspace, {})) as container:
        container.workspace_services.apply()
        container.stores.keys.add(stored)
    running = Sidecar(port, key)
    names = {"MINERVA_WORKSPACE": str(workspace), "MINERVA_PORT": str(port)}
    serve = [sys.executable, "-m", "minerva.cli", "serve"]
    said = workspace / "said.txt"
    with said.open("w") as output:
        process = subprocess.Popen(serve, env=os.environ | names, stdout=output, stderr=output)
    try:
        wait_until(lambda: process.poll() is not None or running.ready, PATIENCE_S, said.read_text)
        assert process.poll() is None, said.read_text()
        yield running
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
