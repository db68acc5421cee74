"""Bring a database's tables to what this version of Minerva needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine, String, column, func, inspect, select, table, text
from sqlalchemy.engine import Connection

from minerva.adapters.metadata.engine import WRITE, name_of
from minerva.adapters.metadata.failures import translated
from minerva.adapters.metadata.migrations import FOLDER, HEAD
from minerva.errors import InvalidConfiguration, Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "alembic_version"
LOCK = 6_466_364_672
"""Names our advisory lock among those of one PostgreSQL database; any constant does."""


def migrate(engine: Engine) -> str | None:
    """Upgrade to the newest revision, and return the one before; several processes may ask at once.

    Raises InvalidConfiguration if the database was made by a newer version of Minerva.
    """
    with translated(name_of(engine)):
        with engine.connect() as connection:
            if _revision(connection) == HEAD:
                return HEAD  # the usual start: Alembic takes longer to import than all else here
        with engine.execution_options(**{WRITE: True}).begin() as connection:
            _lock(connection)
            before = _revision(connection)
            if before != HEAD:  # else another process was faster
                _upgrade(connection, before)
                structlog.get_logger().info("database.migrated", before=before, after=HEAD)
        return before


def ensure_migrated(engine: Engine) -> None:
    """Raise Unavailable if the database is older than this Minerva, InvalidConfiguration if newer."""
    with translated(name_of(engine)), engine.connect() as connection:
        found = _revision(connection)
    if found == HEAD:
        return
    _refuse_newer(engine, found)
    raise Unavailable(
        f"The database {name_of(engine)} is {f'at revision {found}' if found else 'empty'}, and this "
        f"Minerva needs {HEAD}: run `minerva migrate` first (MINERVA_MIGRATE is no)."
    )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(
        select(column("version_num", String)).select_from(table(VERSION_TABLE))
    )


def _lock(connection: Connection) -> None:
    """Wait for other migrating processes; on SQLite the write transaction itself is the lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(select(func.pg_advisory_xact_lock(LOCK)))


def _upgrade(connection: Connection, before: str | None) -> None:
    from alembic import command

    _refuse_newer(connection.engine, before)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(engine: Engine, found: str | None) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise InvalidConfiguration(
            f"The database {name_of(engine)} is at revision {found}, but this "
            f"Minerva knows revisions up to {HEAD} only: run the newer one, or restore a backup."
        )


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
