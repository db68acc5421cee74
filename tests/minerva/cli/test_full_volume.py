"""Volumes that are full: what cannot start says which, and what runs goes on answering."""

import json
import os
import subprocess
import sys
import urllib.request

import pytest
from declared import ANSWER

from chaos.servers import small_disk

pytestmark = pytest.mark.needs("small disk")


@pytest.fixture
def disk():
    """A volume of a megabyte."""
    with small_disk(1) as folder:
        yield folder


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch, free_port):
    """A workspace whose state and log a test puts where it likes."""
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "answer.yaml").write_text(ANSWER)
    (tmp_path / "minerva.toml").write_text('auth = "none"\nsweep_interval_s = 0.2\n')
    monkeypatch.setenv("MINERVA_PORT", str(free_port()))


def fill(disk):
    """Leave no room; return what takes it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            return filler


def run(*arguments):
    """Run the program as a process."""
    command = [sys.executable, "-m", "minerva.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("command", ["migrate --wait 0", "serve", "worker", "beat", "up"])
def test_what_has_no_room_for_its_state_says_so_in_a_line(disk, monkeypatch, command):
    monkeypatch.setenv("MINERVA_STATE_FOLDER", str(disk / "state"))
    monkeypatch.setenv("MINERVA_LOG_FOLDER", "-")
    filler = fill(disk)

    ended = run(*command.split())

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    first = "signing.key" if command.startswith("migrate") else "minerva.db"
    assert f"{disk}/state/{first}" in ended.stderr
    assert "no space left" in ended.stderr.lower() or "may be full" in ended.stderr
    filler.unlink()
    assert run("migrate").returncode == 0


def test_a_sidecar_whose_log_is_full_goes_on_and_so_do_worker_and_beat(disk, monkeypatch):
    monkeypatch.setenv("MINERVA_LOG_FOLDER", str(disk / "logs"))
    assert run("migrate").returncode == 0
    started = [
        subprocess.Popen([sys.executable, "-m", "minerva.cli", command])
        for command in ("serve", "worker", "beat")
    ]
    try:
        for command in (("serve", "--ready"), ("worker",), ("beat",)):
            assert run("health", *command, "--wait", "240").returncode == 0
        filler = fill(disk)
        answers = [predicted() for _ in range(200)]
        still = [
            run("health", command, "--wait", "60").returncode
            for command in ("serve", "worker", "beat")
        ]
        filler.unlink()
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)

    assert answers == [42.0] * 200
    assert still == [0, 0, 0]


def predicted():
    """The answer to one call."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{os.environ['MINERVA_PORT']}/v1/services/answer/predict",
        data=b'{"records":[{}]}', headers={"Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["predictions"][0]["answer"]
