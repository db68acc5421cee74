"""A sidecar on a port, and an environment that holds other people's clients."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from programs import CLIENTS, program
from waiting import wait_until

from minerva.bootstrap import open_web
from minerva.layers.core.security.keys import mint
from minerva.layers.core.security.principal import SCOPES
from minerva.settings import load

PATIENCE_S = 300
CHURN = """
service: churn
algorithm: constant
parameters: {output: {churn: {"No": 0.75, "Yes": 0.25}}}
schema:
  key: customer_id
  inputs:
    tenure: {type: integer, minimum: 0}
    contract: {type: category, values: [Month-to-month, One year, Two year]}
    monthly_charges: {type: number, nullable: true}
    since: {type: timestamp, nullable: true}
  output:
    churn: {type: category, values: ["No", "Yes"]}
"""


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
def serving(workspace: Path, port: int) -> Iterator[Sidecar]:
    """Serve a workspace of one service; what the server says on the way stands in its folder."""
    (workspace / "services").mkdir(parents=True)
    (workspace / "minerva.toml").write_text('web_workers = 1\nwebhook_targets = "*"\n')
    (workspace / "services" / "churn.yaml").write_text(CHURN)
    key, stored = mint("default", "interop", SCOPES, datetime.now(UTC))
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


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory, free_port) -> Iterator[Sidecar]:
    """A sidecar that serves `churn`; stopped afterwards."""
    with serving(tmp_path_factory.mktemp("interop") / "workspace", free_port()) as running:
        yield running


@pytest.fixture
def run() -> Callable[..., str]:
    """Run a program of the clients' environment and return what it printed."""

    def ran(name: str, *arguments: object) -> str:
        folder = Path(str(program(CLIENTS))).parent
        command = [str(folder / name), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return ran
