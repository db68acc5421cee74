"""What the tests of the legacy product share: seeded databases, a sidecar, the application."""

# ruff: noqa: E402 - the path is set before what is found through it

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from postgres import running
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "support"), str(HERE.parents[1])]

from fake_sidecar import FakeSidecar

from legacy_stub.credential import Credential
from legacy_stub.database import connect, create_tables
from legacy_stub.log import LOG_FILE, logging_to
from legacy_stub.sidecar import Sidecar
from legacy_stub.subscribers import seed
from legacy_stub.transport import Transport


@dataclass
class PostgreSQL:
    """A running server, in which every test gets a schema of its own: quicker than a database."""

    admin: Engine
    made: int = 0

    def empty(self) -> str:
        """The URL of a new, empty schema."""
        self.made += 1
        name = f"legacy_{self.made}"
        with self.admin.connect() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
        url = make_url(self.admin.url).update_query_dict({"options": f"-csearch_path={name}"})
        return url.render_as_string(hide_password=False)

    def copy(self, source: str) -> str:
        """The URL of a new schema with the customers of another."""
        url = self.empty()
        schema = source.rpartition("%3D")[2]
        engine = connect(url)
        create_tables(engine)
        with engine.begin() as connection:
            connection.execute(text(f"INSERT INTO customers SELECT * FROM {schema}.customers"))
        engine.dispose()
        return url


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real server for this run; it starts in about a second and leaves nothing behind."""
    with running() as server:
        yield PostgreSQL(server.admin)


@pytest.fixture(autouse=True)
def patient(monkeypatch) -> None:
    """A busy machine must not make the status call a sidecar away that is there."""
    monkeypatch.setattr("legacy_stub.status._SECONDS", 60.0)


SMALL = 600
"""How many customers most tests work with: enough for two chunks and many pages."""


def seeded(url: str, first: int | None = None) -> str:
    """Seed a database with everybody, or with the first customers; return its URL."""
    engine = connect(url)
    seed(engine)
    if first is not None:
        with engine.begin() as connection:
            connection.execute(text(f"DELETE FROM customers WHERE customer_id > 'C-{first:05d}'"))
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def small_file(tmp_path_factory) -> Path:
    """A SQLite database with the first customers, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "small.db"
    seeded(f"sqlite:///{file}", SMALL)
    return file


@pytest.fixture(scope="session")
def small_schema(postgresql) -> str:
    """The URL of a PostgreSQL schema with the first customers, to be copied."""
    return seeded(postgresql.empty(), SMALL)


@pytest.fixture
def sqlite_url(small_file, tmp_path) -> str:
    """A SQLite database of one's own."""
    return f"sqlite:///{shutil.copy(small_file, tmp_path / 'legacy.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request) -> str:
    """A database of one's own, of each kind in turn."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_url")
    source = request.getfixturevalue("small_schema")
    return request.getfixturevalue("postgresql").copy(source)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def whole_engine(request, tmp_path_factory) -> Iterator[Engine]:
    """A connection to a database with everybody, of each kind in turn; only to be read."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('whole')}/legacy.db"
    else:
        url = request.getfixturevalue("postgresql").empty()
    made = connect(seeded(url))
    yield made
    made.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path) -> str:
    """A database without tables, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return request.getfixturevalue("postgresql").empty()


@pytest.fixture
def engine(database_url) -> Iterator[Engine]:
    """A connection to a database of one's own, of each kind in turn."""
    made = connect(database_url)
    yield made
    made.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url) -> Iterator[Engine]:
    """A connection to a SQLite database of one's own, where the kind does not matter."""
    made = connect(sqlite_url)
    yield made
    made.dispose()


@pytest.fixture
def fake() -> Iterator[FakeSidecar]:
    """A sidecar that works until told otherwise."""
    sidecar = FakeSidecar().start()
    yield sidecar
    if not sidecar.stopping.is_set():
        sidecar.stop()


@pytest.fixture
def sidecar(fake) -> Iterator[Sidecar]:
    """The product's client of that sidecar."""
    client = Sidecar(Transport(fake.url), Credential("the-key", None), "churn")
    yield client
    client.close()


@pytest.fixture
def log_file(tmp_path) -> Iterator[Path]:
    """The product's log, written as in real life."""
    with logging_to(tmp_path / "log"):
        yield tmp_path / "log" / LOG_FILE
