"""Connections: which URLs are taken, how SQLite is tuned, and what a fork does."""

import sqlite3
import subprocess
import sys
import textwrap

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from minerva.adapters.metadata import open_metadata
from minerva.adapters.metadata.engine import WRITE, name_of, open_engine
from minerva.errors import InvalidConfiguration


@pytest.fixture
def open_one():
    """Opens engines as often as a test likes, and closes them."""
    opened = []

    def opening(url, timeout_s=1.0):
        opened.append(open_engine(url, timeout_s))
        return opened[-1]

    yield opening
    for engine in opened:
        engine.dispose()


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("postgres://u:secret@h/d", "postgresql+psycopg"),
        ("postgresql://u:secret@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u:secret@h/d", "postgresql+psycopg"),
        ("sqlite:////tmp/d.db", "sqlite+pysqlite"),
    ],
)
def test_a_url_is_read_as_its_users_write_it(open_one, url, meant):
    assert open_one(url).url.drivername == meant


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense:secret", "MINERVA_DATABASE_URL is not a database URL"),
        ("postgresql://u:secret@h:port/d", "MINERVA_DATABASE_URL is not a database URL"),
        ("mysql://u:secret@h/d", r"mysql://u:\*\*\*@h/d is of a kind that cannot"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url, sentence):
    with pytest.raises(InvalidConfiguration, match=sentence) as raised:
        open_engine(url, 1)

    assert "secret" not in str(raised.value)


def test_a_missing_driver_is_told_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(InvalidConfiguration, match=r"minerva-sidecar\[postgres\]") as raised:
        open_engine("postgresql://u:secret@h/d", 1)

    assert "u:***@h" in str(raised.value)


def test_the_files_own_folder_is_made(tmp_path):
    open_metadata(f"sqlite:///{tmp_path}/state/minerva.db", 5).close()

    assert (tmp_path / "state" / "minerva.db").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    with pytest.raises(InvalidConfiguration, match=r"folder .*/no/such for .*No such file"):
        open_metadata(f"sqlite:///{tmp_path}/no/such/minerva.db", 5)


def test_sqlite_is_tuned(open_one, sqlite_url):
    with open_one(sqlite_url, 2.5).connect() as connection:
        tuned = [
            connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]

    assert tuned == ["wal", 1, 2500]


def test_a_file_that_someone_reads_becomes_wal_as_soon_as_they_end(tmp_path, open_one):
    other = sqlite3.connect(tmp_path / "d.db", isolation_level=None)
    other.executescript("CREATE TABLE t (x); INSERT INTO t VALUES (1); BEGIN; SELECT * FROM t;")
    other.execute("SELECT * FROM t").fetchone()  # from here on it holds a lock
    url = f"sqlite:///{tmp_path}/d.db"

    with pytest.raises(OperationalError, match="locked"):
        open_one(url, 0.05).connect()
    other.execute("COMMIT")
    other.close()

    with open_one(url, 5).connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"


def test_a_name_to_show_holds_no_password(open_one):
    engine = open_one("postgresql://ann:secret@h/d?sslmode=require&sslpassword=secret")

    assert name_of(engine) == "postgresql://ann:***@h/d?sslmode=require&sslpassword=hidden"


def test_a_writing_transaction_of_sqlite_holds_the_lock_from_its_start(open_one, sqlite_url):
    engine = open_one(sqlite_url, 0.05)
    writing = engine.execution_options(**{WRITE: True})

    with writing.connect() as first, first.begin(), pytest.raises(OperationalError, match="locked"):
        writing.connect().begin()

    with engine.connect() as first, first.begin(), writing.connect() as second, second.begin():
        assert second.scalar(text("SELECT 1")) == 1


def test_postgresql_waits_no_longer_than_the_timeout(open_one, postgresql_url):
    with open_one(postgresql_url, 20.5).connect() as connection:
        limits = [
            connection.scalar(text(f"SHOW {name}"))
            for name in ("lock_timeout", "statement_timeout")
        ]

    assert limits == ["20500ms", "20500ms"]


FORK = """
    import os, sys
    from minerva.adapters.metadata import open_metadata

    stores = open_metadata(sys.argv[1], 10)
    pool = stores.database.engine.pool
    with stores.database.engine.connect() as connection:
        mine = id(connection.connection.dbapi_connection)
        child = os.fork()
        if child == 0:
            assert stores.revision.current() == 0  # over a connection of the child's own
            os._exit(0 if pool.checkedout() == 1 else 3)
        assert os.waitpid(child, 0)[1] == 0
    idle = os.fork()
    if idle == 0:
        with stores.database.engine.connect() as connection:
            os._exit(4 if id(connection.connection.dbapi_connection) == mine else 0)
    assert os.waitpid(idle, 0)[1] == 0
    assert stores.revision.current() == 0
    print("both work")
"""


def test_a_forked_child_does_not_use_its_parents_connections(metadata_url):
    script = [sys.executable, "-c", textwrap.dedent(FORK), metadata_url]

    done = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (0, "both work\n"), done.stderr
