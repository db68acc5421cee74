"""`minerva health`, asked of real processes."""

import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

import psutil
import pytest
from waiting import wait_until

from minerva.cli import health
from minerva.cli.presence import find, present
from minerva.settings import load

PATIENCE_S = "300"
UNWANTED = ("flask", "sqlalchemy", "numpy", "rich", "celery", "minerva.client", "http.client")


@pytest.fixture
def workspace(tmp_path, monkeypatch, free_port):
    """A workspace of processes that are to be asked."""
    (tmp_path / "minerva.toml").write_text(f"port = {free_port()}\nsweep_interval_s = 0.2\n")
    return tmp_path


@contextmanager
def started(command):
    """Run one of Minerva's processes as long as the block lasts."""
    process = subprocess.Popen([sys.executable, "-m", "minerva.cli", command])
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(60)


def test_a_sidecar_is_well_while_it_answers(minerva, workspace):
    assert minerva("health").exit_code == 1

    with started("serve"):
        live, ready = (
            minerva("health", "--wait", PATIENCE_S),
            minerva("health", "--ready", "--wait", PATIENCE_S),
        )

    assert (live.exit_code, ready.exit_code) == (0, 0), live.output + ready.output
    assert live.stdout.endswith("answers /livez with 200.\n")
    gone = minerva("health")
    assert gone.exit_code == 1
    assert gone.stderr.endswith("does not answer /livez: Connection refused.\n")


def test_a_sidecar_on_a_socket_alone_is_asked_there(minerva, workspace, tmp_path):
    (workspace / "minerva.toml").write_text('port = 0\nsocket = "s"\n')

    with started("serve"):
        told = minerva("health", "--wait", PATIENCE_S)

    assert told.stdout == f"The sidecar at {tmp_path}/s answers /livez with 200.\n"
    assert minerva("health").exit_code == 1


def test_what_answers_nothing_is_not_well(minerva, workspace, monkeypatch):
    with started("serve") as process:
        assert minerva("health", "--wait", PATIENCE_S).exit_code == 0
        monkeypatch.setattr(health, "ANSWER_WITHIN_S", 0.3)
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
        for one in tree:
            one.suspend()
        told = minerva("health")
        for one in tree:
            one.resume()

    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.endswith("does not answer /livez: no answer.\n")


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_a_worker_and_beat_are_well_while_they_give_signs_of_life(
    minerva, workspace, monkeypatch, command
):
    assert f"There is no {command} here" in minerva("health", command).stderr
    monkeypatch.setattr(health, "SILENT_S", 2)

    with started(command) as process:
        assert minerva("health", command, "--wait", PATIENCE_S).exit_code == 0
        seen = age(workspace, command)
        wait_until(lambda: age(workspace, command) < seen or seen < 1)
        os.kill(process.pid, signal.SIGSTOP)
        wait_until(lambda: minerva("health", command).exit_code == 1)
        hung = minerva("health", command)
        os.kill(process.pid, signal.SIGCONT)
        wait_until(lambda: minerva("health", command).exit_code == 0)

    assert "gave no sign of life for" in hung.stderr
    assert minerva("health", command).exit_code == 1


def age(workspace, command):
    """Seconds since the last sign of life."""
    return min(find(load(workspace, {}).state / "run", command).values())


def test_another_containers_worker_is_not_ours(minerva, workspace, monkeypatch):
    folder = load(workspace, {}).state / "run"
    with monkeypatch.context() as there:
        there.setattr("socket.gethostname", lambda: "another-container")
        theirs = present(folder, "worker")
        theirs.__enter__()
    try:
        assert minerva("health", "worker").exit_code == 1
    finally:
        theirs.__exit__(None, None, None)


def test_broken_settings_are_told_by_the_probe_too(workspace):
    (workspace / "minerva.toml").write_text("port = 99999\n")

    told = subprocess.run(
        [sys.executable, "-m", "minerva.cli", "health"], capture_output=True, text=True, check=False
    )

    assert told.returncode == 2
    assert told.stderr.startswith("The settings cannot be used.")


def test_a_probe_imports_next_to_nothing_and_costs_little(workspace):
    code = (
        "import sys; sys.argv = ['minerva', 'health', 'worker']\n"
        "from minerva.cli import main\n"
        "try: main()\n"
        f"except SystemExit: print([name for name in {UNWANTED!r} if name in sys.modules])"
    )

    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout == "[]\n"
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

    assert any(seconds() < 0.25 for _ in range(10))  # what others do meanwhile only adds to it
