"""Brokers and worker processes for the tests of the queue."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from waiting import wait_until

sys.path.insert(0, str(Path(__file__).parent))

from brokers import Folder

from chaos.brokers import RabbitServer, RedisServer
from minerva.adapters.queue.celery_app import make_celery

SCRIPT = Path(__file__).parent / "worker_process.py"


@pytest.fixture(scope="session")
def redis_server(free_port, tmp_path_factory):
    server = RedisServer(free_port(), tmp_path_factory.mktemp("redis")).start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def rabbit_server(free_port, tmp_path_factory):
    server = RabbitServer(free_port, tmp_path_factory.mktemp("rabbitmq"))
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def own_redis(free_port, tmp_path):
    """A server that the test may stop."""
    server = RedisServer(free_port(), tmp_path).start()
    yield server
    server.close()


@pytest.fixture
def own_rabbit(rabbit_server):
    """The server of the session, which takes long to start, for a test that may stop it."""
    rabbit_server.flush()
    yield rabbit_server
    rabbit_server.revive()


@pytest.fixture
def own_folder(tmp_path):
    return Folder(tmp_path / "state" / "queue")


@pytest.fixture
def redis_url(redis_server):
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def rabbit_url(rabbit_server):
    rabbit_server.flush()
    return rabbit_server.url


@pytest.fixture
def folder_url(own_folder):
    return own_folder.url


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
        wait_until(lambda: line in self.lines(), what=lambda: (line, self.lines(), self.errors()))

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
