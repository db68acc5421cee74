"""The connection to the product's database: SQLite beside the program, or PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from legacy_stub.errors import SettingError
from legacy_stub.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy.pool import ConnectionPoolEntry

_WRITER_LOCK = 0x4C454741  # any constant will do: it names our advisory lock in PostgreSQL
_EXCLUSIVE = "legacy_exclusive"


def connect(url: str) -> Engine:
    """An engine for `url` that keeps parameter values, which may be personal, out of its errors.

    Raises SettingError for a URL that names no database this product speaks.
    """
    try:
        backend = make_url(url).get_backend_name()
    except ArgumentError as error:
        raise SettingError("LEGACY_DB_URL is not an SQLAlchemy URL.") from error
    if backend not in {"sqlite", "postgresql"}:
        raise SettingError(f"LEGACY_DB_URL must name SQLite or PostgreSQL, not {backend}.")
    if backend == "sqlite":
        return _sqlite(url)
    return _postgresql(url)


def create_tables(engine: Engine) -> None:
    """Make the tables that are missing; safe when several processes start at once."""
    with exclusively(engine) as connection:
        metadata.create_all(connection)


@contextmanager
def exclusively(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads before it writes: no other of its kind runs meanwhile."""
    marked = engine.execution_options(**{_EXCLUSIVE: True})
    with marked.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})"))
        yield connection


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: str) -> Engine:
    try:
        return create_engine(
            url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 5}
        )
    except (ImportError, NoSuchModuleError) as error:
        raise SettingError("LEGACY_DB_URL names a driver that is not installed.") from error


def _prepare_sqlite(connection: sqlite3.Connection, _: "ConnectionPoolEntry") -> None:
    """Readers never wait for a writer, writers wait for each other, and we say when to begin."""
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 10000")
    with suppress(sqlite3.OperationalError):  # somebody else is switching it on, once and for all
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where it will be needed: a later upgrade could only fail."""
    exclusive = connection.get_execution_options().get(_EXCLUSIVE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if exclusive else "BEGIN")
