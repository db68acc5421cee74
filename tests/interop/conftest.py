"""A sidecar on a port, and an environment that holds other people's clients."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from programs import CLIENTS, program
from sidecars import PATIENCE_S, Sidecar, serving

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


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory, free_port) -> Iterator[Sidecar]:
    """A sidecar that serves `churn`; stopped afterwards."""
    with serving(
        tmp_path_factory.mktemp("interop") / "workspace",
        free_port(),
        CHURN,
        'default_service = "churn"',
    ) as running:
        yield running


@pytest.fixture
def open_sidecar(tmp_path, free_port) -> Iterator[Sidecar]:
    """A sidecar that asks nobody on this machine for a key."""
    with serving(
        tmp_path / "workspace", free_port(), CHURN, 'default_service = "churn"', 'auth = "none"'
    ) as running:
        yield running


@pytest.fixture
def run() -> Callable[..., str]:
    """Run a program of the clients' environment and return what it printed."""

    def ran(name: str, *arguments: object) -> str:
        folder = Path(str(program(CLIENTS))).parent
        command = [str(folder / name), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=3 * PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return ran
