"""What adapter tests share: a real PostgreSQL, and metadata databases of one's own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres import PostgreSQL, running
from sqlalchemy import create_engine, update

pytest.register_assert_rewrite("minerva.testing")

from minerva.adapters.metadata import MetadataStores, open_metadata  # noqa: E402 - after the above
from minerva.adapters.metadata.columns import Base  # noqa: E402 - after the above
from minerva.adapters.metadata.tables import RegistryRow  # noqa: E402 - after the above

TIMEOUT_S = 20
"""Generous: a loaded machine must not fail a test that is not about waiting."""


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real server for this run."""
    with running() as server:
        yield server


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
