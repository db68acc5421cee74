"""The command line, as a user runs it: in processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from fake_sidecar import hang
from waiting import wait_until

from legacy_stub.commands import main
from legacy_stub.customers import find
from legacy_stub.database import connect

REPOSITORY = Path(__file__).parents[2]
PATIENT = """
import sys
from legacy_stub import commands, orchestration
orchestration._SECONDS = 600
sys.exit(commands.main(sys.argv[1:]))
"""
"""The product, in which a call that hangs is not given up before a test is."""


class Run:
    """Commands with settings of their own."""

    program = ("-m", "legacy_stub")

    def __init__(self, folder, **settings):
        self.log = folder / "log" / "legacy.jsonl"
        self.environment = {
            **{name: value for name, value in os.environ.items() if "LEGACY_" not in name},
            "LEGACY_DB_URL": f"sqlite:///{folder / 'run.db'}",
            "LEGACY_PORT": "0",
            "LEGACY_POLL_MS": "20",
            "LEGACY_PREPARE_MS": "50",
            "LEGACY_LOG_FOLDER": str(folder / "log"),
            **settings,
        }

    def start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, *self.program, *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def end(self, *arguments):
        """Run to the end; return the exit code and what was said."""
        process = self.start(*arguments)
        _, said = process.communicate(timeout=60)
        return process.returncode, said

    def events(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def names(self):
        return {event["event"] for event in self.events()} if self.log.exists() else set()


@pytest.fixture
def run(tmp_path, fake, sqlite_url):
    fake.key = "the-key"
    return Run(
        tmp_path,
        LEGACY_SIDECAR_URL=fake.url,
        LEGACY_SIDECAR_KEY="the-key",
        LEGACY_DB_URL=sqlite_url,
    )


@pytest.fixture
def unhurried(run):
    """Commands that give nothing up by themselves."""
    run.program = ("-c", PATIENT)


@pytest.fixture
def serving(run):
    """A running `serve`, and its address."""
    process = run.start("serve")
    address = process.stderr.readline().rpartition(" ")[2].strip()
    yield process, address
    process.kill()
    process.communicate()


def get(address):
    with urllib.request.urlopen(address, timeout=60) as answer:
        return answer.status, answer.read().decode()


@pytest.fixture
def said(tmp_path, fake, monkeypatch, capsys):
    """Run a command in this process: its exit code and what it said."""

    def run_here(*arguments, **settings):
        given = {"LEGACY_SIDECAR_URL": fake.url, "LEGACY_LOG_FOLDER": str(tmp_path), **settings}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        code = main(arguments)
        return code, capsys.readouterr().err

    return run_here


def test_step_by_step_from_customers_to_scores(said, fake, database_url, monkeypatch):
    monkeypatch.setenv("LEGACY_DB_URL", database_url)

    assert said("seed") == (0, "600 customers.\n")
    assert said("preprocess") == (0, "Prepared data number 1.\n")
    assert said("preprocess") == (0, "Nothing has changed.\n")
    assert said("orchestrate", "--once") == (0, "")
    assert said("score") == (0, "Scored 600 customers with version 1.\n")
    assert said("preprocess", "--again") == (0, "Prepared data number 2.\n")

    engine = connect(database_url)
    assert find(engine, "C-00600").score.version == "1"
    engine.dispose()
    assert fake.trained() == 1


def test_serving_does_it_all_and_ends_at_once_when_told(run, fake, serving):
    process, address = serving
    wait_until(lambda: '"scored":600' in get(f"{address}/status.json")[1])
    fake.predicting = hang  # an answer is awaited when the signal comes
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as page:
        page.sendall(b"GET /customers/C-00001 HTTP/1.1\r\nHost: x\r\n\r\n")
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=60) == 0

    assert [event["event"] for event in run.events()][-1] == "server.stopped"
    assert process.stderr.read() == ""


def test_serving_ends_with_ctrl_c_while_the_sidecar_hangs(fake, unhurried, serving):
    process, _ = serving
    fake.following = hang
    fake.training = hang
    wait_until(lambda: fake.asked("/train"))
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=60) == 0


def test_the_sidecar_may_come_later(run, fake, serving):
    _, address = serving
    fake.stop()
    assert get(f"{address}/health")[0] == 200
    wait_until(lambda: "sidecar.unavailable" in run.names() or fake.asked("/train"))

    fake.start()

    wait_until(lambda: '"scored":600' in get(f"{address}/status.json")[1])


def test_the_units_can_live_elsewhere(run, fake):
    process = run.start("serve", "--without-units")
    address = process.stderr.readline().rpartition(" ")[2].strip()
    preparing = run.start("preprocess", "--watch")
    training = run.start("orchestrate")

    wait_until(lambda: '"scored":600' in get(f"{address}/status.json")[1])

    for part in (process, preparing, training):
        part.terminate()
        part.communicate(timeout=60)
        assert part.returncode == 0


def test_a_taken_port_is_one_plain_message(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run.environment["LEGACY_PORT"] = port

        code, said = run.end("serve")

    assert code == 2
    assert len(said.splitlines()) == 1
    assert port in said
    assert "LEGACY_PORT" in said


@pytest.mark.parametrize(
    ("command", "setting", "code"),
    [
        ("serve", {"LEGACY_PORT": "x"}, 2),
        ("seed", {"LEGACY_DB_URL": "sqlite:////no/such/folder/a.db"}, 1),
        ("score", {"LEGACY_SIDECAR_URL": "http://127.0.0.1:9"}, 1),
        ("seed", {"LEGACY_LOG_FOLDER": "/dev/null"}, 2),
    ],
)
def test_a_setting_that_does_not_work_is_named_in_one_line(
    said, sqlite_url, command, setting, code
):
    ended, words = said(command, **({"LEGACY_DB_URL": sqlite_url} | setting))

    assert ended == code
    assert next(iter(setting)) in words
    assert len(words.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["dance"], ["serve", "--loudly"]])
def test_misuse_ends_with_two(said, arguments):
    with pytest.raises(SystemExit) as end:
        said(*arguments)

    assert end.value.code == 2


def test_a_sidecar_that_stays_away_ends_the_orchestration_with_one(
    said, fake, sqlite_url, monkeypatch
):
    monkeypatch.setattr("legacy_stub.unit._LONGEST_PAUSE", 0.001)
    said("preprocess", LEGACY_DB_URL=sqlite_url)
    fake.stop()

    assert said("orchestrate", "--once") == (1, "The sidecar did not do its part.\n")


def test_the_log_holds_nothing_personal(run, fake, serving):
    _, address = serving
    wait_until(lambda: '"scored":600' in get(f"{address}/status.json")[1])
    get(f"{address}/customers?q=mateo.bianchi3%40example.com")
    get(f"{address}/customers/C-00003")
    get(f"{address}/campaign.csv?threshold=10")

    log = run.log.read_text().casefold()

    for personal in ("mateo", "bianchi", "example.com", "month-to-month", "108.15", "53.85"):
        assert personal not in log
    for event in run.events():
        assert {"timestamp", "level", "event", "component", "unit"} <= event.keys()
