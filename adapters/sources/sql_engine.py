"""Engines that can only read, each in its database's own way; and those that may write."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from minerva.errors import InvalidConfiguration, InvalidData

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from sqlalchemy import URL, Connection, Engine

POSTGRES_DRIVER = "postgresql+psycopg"
STEPS = 10_000
"""Of SQLite's machine between two looks at the clock: well below a millisecond."""
LOCK_AT_ONCE = "lock_at_once"
"""Execution option for transactions on SQLite that read before they write: of two such, neither waits for
the other where both have begun to read, and one fails at once."""
SET_READ_ONLY = {
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}
"""For databases whose driver has no option for it. Others are protected by never committing."""


def read_url(text: str, workspace: Path) -> URL:
    """Read a database URL; a relative SQLite path is below the workspace.

    Raises InvalidConfiguration that does not repeat the URL: it may hold a password.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise InvalidConfiguration(
            "`url` is not a database URL such as sqlite:///legacy.db "
            "or postgresql://user@host/name."
        ) from error
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername=POSTGRES_DRIVER)
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise InvalidConfiguration("`url` names no SQLite file: sqlite:///legacy.db.")
        return url.set(database=str(workspace / url.database))
    return url


def make_engine(url: URL, timeout_s: float, *, writes: bool = False) -> Engine:
    """Return an engine that connects when first used; without `writes` it can only read."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError

    try:
        match url.get_backend_name():
            case "sqlite":
                return _sqlite(url, timeout_s, writes=writes)
            case "postgresql":
                return _postgresql(url, timeout_s, read_only=not writes)
            case other:
                engine = create_engine(url, **_pool(timeout_s))
                if writes or other not in SET_READ_ONLY:
                    return engine
                return on_connect(engine, SET_READ_ONLY[other])
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise InvalidConfiguration(
            f"There is no driver for {url.drivername}: install its package "
            "(PostgreSQL: `pip install minerva-sidecar[postgres]`)."
        ) from error


def _sqlite(url: URL, timeout_s: float, *, writes: bool) -> Engine:
    """Open the file anew each time: a legacy job may put another in its place, and opening is cheap."""
    from sqlalchemy import NullPool, create_engine, event

    def connect() -> sqlite3.Connection:
        import sqlite3
        from pathlib import Path

        path = Path(str(url.database))
        if not path.is_file():
            raise InvalidData(f"There is no SQLite file {path}: correct `url`.")
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode={'rw' if writes else 'ro'}",
            uri=True,
            timeout=timeout_s,
            check_same_thread=False,
            isolation_level=None,
        )

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    if writes:
        event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Begin a transaction ourselves: the driver would leave it to the first row that is written."""
    at_once = connection.get_execution_options().get(LOCK_AT_ONCE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if at_once else "BEGIN")


def _postgresql(url: URL, timeout_s: float, *, read_only: bool) -> Engine:
    from sqlalchemy import create_engine

    connect_args = {"connect_timeout": max(2, int(timeout_s)), "application_name": "minerva"}
    return create_engine(
        url,
        connect_args=connect_args,
        execution_options={"postgresql_readonly": read_only},
        **_pool(timeout_s),
    )


def _pool(timeout_s: float) -> dict[str, Any]:
    return {
        "pool_pre_ping": True,
        "pool_size": 2,
        "max_overflow": 6,
        "pool_timeout": timeout_s,
        "hide_parameters": True,  # an error that is logged must not tell a key
    }


def interrupt_after(connection: Connection, seconds: float) -> None:
    """Let an SQLite connection end whatever statement still runs then; its own timeout is for locks."""
    deadline = time.monotonic() + seconds
    raw: Any = connection.connection.driver_connection
    raw.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)


def on_connect(engine: Engine, statement: str) -> Engine:
    """Let every new connection run a statement first."""
    from sqlalchemy import event

    def execute(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()

    event.listen(engine, "connect", execute)
    return engine
