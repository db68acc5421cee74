"""Connections to the metadata database, SQLite (WAL) or PostgreSQL (psycopg 3)."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError

from minerva.errors import InvalidConfiguration, InvalidInput
from minerva.settings import mask_password

WRITE = "minerva_write"
"""Execution option of a transaction that writes: SQLite takes the write lock at its start."""

DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
WAL_POLL_S = 0.01


def open_engine(url: str, timeout_s: float) -> Engine:
    """Return an engine; connects when first used.

    Make one per process. Raises InvalidConfiguration for a URL or driver that cannot be used.
    """
    parsed = _parse(url)
    try:
        engine = create_engine(
            parsed,
            hide_parameters=True,  # a payload value must not reach a log through a traceback
            json_serializer=_to_json,
            pool_pre_ping=parsed.get_backend_name() == "postgresql",
            pool_timeout=timeout_s,
            connect_args=_connect_args(parsed, timeout_s),
        )
    except (ImportError, NoSuchModuleError) as error:
        raise InvalidConfiguration(
            f"The database {mask_password(url)} needs a driver that is not installed: "
            "pip install 'minerva-sidecar[postgres]'."
        ) from error
    if parsed.get_backend_name() == "sqlite":
        _make_folder(parsed)
        _tune_sqlite(engine, timeout_s)
    else:
        _tune_postgresql(engine, timeout_s)
    _refuse_inherited_connections(engine)
    return engine


def name_of(engine: Engine) -> str:
    """Return the database's URL as it may be shown: as users write it, without its passwords."""
    url = engine.url.set(drivername=engine.url.get_backend_name())
    hidden = {name: "hidden" for name in url.query if "password" in name}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InvalidConfiguration(
            "MINERVA_DATABASE_URL is not a database URL: "
            "write sqlite:////folder/minerva.db or postgresql://user:password@host/database."
        ) from error
    if "@" in (parsed.host or ""):
        raise InvalidConfiguration(
            f"The database {mask_password(url)} has more than one @: write one in a password as %40."
        )
    driver = DRIVERS.get(parsed.drivername)
    if driver is None:
        raise InvalidConfiguration(
            f"The database {mask_password(url)} is of a kind that cannot keep the metadata: "
            "use sqlite:// or postgresql://."
        )
    if driver.startswith("sqlite") and (parsed.database or ":memory:") == ":memory:":
        raise InvalidConfiguration(
            "An SQLite database in memory is seen by one thread only: "
            "name a file, sqlite:////folder/minerva.db."
        )
    return parsed.set(drivername=driver)


def _connect_args(url: URL, timeout_s: float) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"timeout": timeout_s}
    return {"connect_timeout": max(2, round(timeout_s))}  # libpq rounds 1 up to 2 as well


def _to_json(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            "A value for the metadata store is not JSON (NaN, infinity or an object): "
            "use numbers, texts, booleans, lists and mappings."
        ) from error


def _make_folder(url: URL) -> None:
    """Make the file's own folder, but none above it: a mistyped path is to be told, not made."""
    if "uri" in url.query:
        return
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InvalidConfiguration(
            f"The folder {folder} for the database cannot be made ({error.strerror}): "
            "make it, or set MINERVA_DATABASE_URL."
        ) from error


def _tune_sqlite(engine: Engine, timeout_s: float) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN cannot be IMMEDIATE
        connection.execute("PRAGMA foreign_keys = ON")
        _use_wal(connection, timeout_s)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        write = connection.get_execution_options().get(WRITE, False)
        # the write lock first: to upgrade a read lock later fails as soon as someone else wrote
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _use_wal(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Switch the file to WAL, which outlives the connection.

    SQLite does not wait for the lock that the switch needs, so several first openers must.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(WAL_POLL_S)
        else:
            return


def _tune_postgresql(engine: Engine, timeout_s: float) -> None:
    limit_ms = max(1, round(timeout_s * 1000))

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {limit_ms}")
            cursor.execute(f"SET statement_timeout = {limit_ms}")
        connection.commit()


def _refuse_inherited_connections(engine: Engine) -> None:
    """Open new connections in a forked child: two processes on one connection break both."""

    @event.listens_for(engine, "connect")
    def _connected(_connection: object, record: Any) -> None:
        record.info["process"] = os.getpid()

    @event.listens_for(engine, "checkout")
    def _checked_out(_connection: object, record: Any, fairy: Any) -> None:
        if record.info["process"] != os.getpid():
            record.dbapi_connection = fairy.dbapi_connection = None  # forgotten, never closed
            raise DisconnectionError("This connection belongs to the parent process.")
