"""Bring a database's tables to what this version of Minerva needs."""

from __future__ import annotations

import structlog
from sqlalchemy import Engine, String, column, func, inspect, select, table, text
from sqlalchemy.engine import Connection

from minerva.adapters.metadata.engine import WRITE, name_of
from minerva.adapters.metadata.failures import translated
from minerva.adapters.metadata.migrations import FOLDER, HEAD
from minerva.errors import InvalidConfiguration

VERSION_TABLE = "alembic_version"
LOCK = 6_466_364_672
"""Names our advisory lock among those of one PostgreSQL database; any constant does."""


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision; several processes may ask at once.

    Raises InvalidConfiguration if the database was made by a newer version of Minerva.
    """
    with translated(name_of(engine)):
        with engine.connect() as connection:
            if _revision(connection) == HEAD:
                return  # the usual start: Alembic takes longer to import than all else here
        with engine.execution_options(**{WRITE: True}).begin() as connection:
            _lock(connection)
            before = _revision(connection)
            if before != HEAD:  # else another process was faster
                _upgrade(connection, before)
                structlog.get_logger().info("database.migrated", before=before, after=HEAD)


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
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        raise InvalidConfiguration(
            f"The database {name_of(connection.engine)} is at revision {before}, but this "
            f"Minerva knows revisions up to {HEAD} only: run the newer one, or restore a backup."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
