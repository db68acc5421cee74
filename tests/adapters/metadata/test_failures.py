"""When the database fails: one clear sentence that names it, nothing half-written, and recovery."""

import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import delete, event, select, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from minerva.adapters.metadata import open_metadata
from minerva.adapters.metadata.failures import translate, translated
from minerva.adapters.metadata.tables import KeyRow
from minerva.errors import Conflict, InvalidConfiguration, InvalidInput, Unavailable
from minerva.testing.job_stores import NOW, a_job, a_lease
from minerva.testing.key_stores import a_key
from minerva.testing.registry_stores import a_version


def test_a_locked_sqlite_file_is_unavailable_until_it_is_free(sqlite_url, open_stores):
    stores = open_stores(sqlite_url, 0.1)
    other = sqlite3.connect(stores.database.engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match=r"minerva\.db is locked") as raised:
        stores.jobs.submit(a_job())
    assert "INSERT" not in str(raised.value)
    assert "BEGIN" not in str(raised.value)
    assert stores.jobs.list("acme") == []  # who reads is not kept waiting

    other.execute("ROLLBACK")
    other.close()
    assert stores.jobs.submit(a_job())[1]


def test_a_locked_row_of_postgresql_is_unavailable_until_it_is_free(postgresql_url, open_stores):
    stores = open_stores(postgresql_url, 0.1)
    other = open_stores(postgresql_url)

    with other.database.engine.begin() as connection:
        connection.execute(text("SELECT * FROM registry FOR UPDATE"))
        with pytest.raises(Unavailable, match="is locked"):
            stores.versions.register(a_version())

    assert stores.versions.register(a_version()).number == 1


def test_a_read_only_file_is_told(sqlite_url, open_stores):
    open_stores(sqlite_url)
    path = sqlite_url.removeprefix("sqlite:///")
    stores = open_stores(f"sqlite:///file:{path}?mode=ro&uri=true")

    with pytest.raises(InvalidConfiguration, match=r"minerva\.db.* is read-only"):
        stores.jobs.submit(a_job())


READ_ONLY_FOLDER = """
    import os, sys
    from minerva.adapters.metadata import open_metadata
    from minerva.errors import InvalidConfiguration

    folder = sys.argv[1]
    open_metadata(f"sqlite:///{folder}/here.db", 5).close()  # loads what a stranger may not read
    os.chmod(folder, 0o555)
    if os.geteuid() == 0:
        os.setuid(65534)  # nobody: root may write anywhere
    try:
        open_metadata(f"sqlite:///{folder}/new.db", 5)
    except InvalidConfiguration as error:
        print(error)
"""


def test_a_read_only_folder_is_told():
    with tempfile.TemporaryDirectory() as folder:
        script = [sys.executable, "-c", textwrap.dedent(READ_ONLY_FOLDER), folder]
        done = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
        Path(folder).chmod(0o700)

    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert last == (
        f"The database sqlite:///{folder}/new.db cannot be opened: check that its folder "
        "exists and that this user may write there."
    )


@pytest.mark.parametrize(
    "content", [b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 8000]
)
def test_a_damaged_file_is_told(tmp_path, content):
    (tmp_path / "minerva.db").write_bytes(content)

    with pytest.raises(InvalidConfiguration, match="is damaged or no SQLite file"):
        open_metadata(f"sqlite:///{tmp_path}/minerva.db", 5)


def test_a_folder_in_place_of_the_file_is_told(tmp_path):
    with pytest.raises(InvalidConfiguration, match="cannot be opened"):
        open_metadata(f"sqlite:///{tmp_path}", 5)


def test_a_full_disk_is_unavailable_and_writes_nothing(sqlite_url, open_stores):
    stores = open_stores(sqlite_url)
    event.listen(stores.database.engine, "connect", _leave_no_space)
    stores.close()
    big = a_job()
    big.payload["rows"] = "x" * 1_000_000

    with pytest.raises(Unavailable, match="has no space left"):
        stores.jobs.submit(big)

    assert stores.jobs.list("acme") == []


def _leave_no_space(connection, _record):
    connection.execute("PRAGMA max_page_count = 1")  # SQLite makes it what the file has now


def test_lost_tables_are_told(stores, metadata_url):
    with stores.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE api_keys RENAME TO away"))

    with pytest.raises(InvalidConfiguration, match="lacks tables"):
        stores.keys.any()

    with stores.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO api_keys"))


def test_a_server_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        open_metadata(f"postgresql://ann:secret@/minerva?host={tmp_path}", 2)

    assert "ann:***@" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_database_that_is_not_there_is_told(postgresql):
    url = postgresql.admin.url.set(database="nowhere").render_as_string(hide_password=False)

    with pytest.raises(Unavailable, match=r"nowhere.* cannot be reached"):
        open_metadata(url, 2)


def test_a_connection_cut_in_the_middle_loses_the_transaction_only(
    postgresql, postgresql_url, open_stores
):
    stores = open_stores(postgresql_url)
    stores.keys.add(a_key("before"))

    def cut_in_the_middle():
        with stores.database.tenant("acme", write=True) as session:
            session.add(_row("lost"))
            session.flush()
            postgresql.disconnect(postgresql_url)
            session.scalar(select(KeyRow.id))

    with pytest.raises(Unavailable, match="cannot be reached"):
        cut_in_the_middle()

    stores.keys.add(a_key("after"))
    assert {key.id for key in stores.keys.list("acme")} == {"before", "after"}


def test_a_restarted_server_is_not_noticed_by_who_asks_next(
    postgresql, postgresql_url, open_stores
):
    stores = open_stores(postgresql_url)
    stores.jobs.submit(a_job())

    postgresql.disconnect(postgresql_url)

    assert stores.leases.claim("j1", a_lease(), NOW) is not None


def _row(key_id):
    key = a_key(key_id)
    return KeyRow(
        id=key.id,
        tenant=key.tenant,
        name=key.name,
        secret_hash=key.secret_hash,
        scopes=[],
        created_at=key.created_at,
        revoked_at=None,
    )


def test_a_row_that_vanished_meanwhile_is_told(stores):
    stores.keys.add(a_key())
    with stores.database.tenant("acme") as session:
        row = session.scalars(select(KeyRow)).one()
    with stores.database.every_tenant(write=True) as session:
        session.execute(delete(KeyRow))
    row.name = "new"

    with (
        pytest.raises(Unavailable, match="changed by someone else"),
        stores.database.tenant("acme", write=True) as session,
    ):
        session.add(row)


@pytest.mark.parametrize(
    ("state", "kind", "sentence"),
    [
        ("08006", Unavailable, "cannot be reached"),
        ("22003", InvalidInput, "cannot keep a value"),
        ("23505", Conflict, "already holds this"),
        ("25006", Unavailable, "takes no writes"),
        ("28000", InvalidConfiguration, "refuses this user"),
        ("40001", Unavailable, "changed by someone else"),
        ("40P01", Unavailable, "changed by someone else"),
        ("42501", InvalidConfiguration, "rights that Minerva needs"),
        ("53100", Unavailable, "no space left"),
        ("53300", Unavailable, "no more connections"),
        ("55P03", Unavailable, "is locked"),
        ("57014", Unavailable, "is locked or too slow"),
        ("57P01", Unavailable, "cannot be reached"),
        ("58030", Unavailable, "look at the disk"),
    ],
)
def test_what_postgresql_raises_is_told_in_our_words(postgresql, state, kind, sentence):
    raising = text(f"DO $$ BEGIN RAISE EXCEPTION 'secret' USING ERRCODE = '{state}'; END $$")

    with pytest.raises(kind, match=f"The database .*{sentence}") as raised:  # noqa: SIM117 - one error
        with translated("here"), postgresql.admin.connect() as connection:
            connection.execute(raising)

    assert "secret" not in str(raised.value)
    callers_fault = kind in {InvalidInput, Conflict}  # who is not told where the database is
    assert ("database here " in str(raised.value)) != callers_fault


def test_an_error_that_we_know_nothing_about_stays_what_it_is(postgresql):
    raising = text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'P0001'; END $$")

    with pytest.raises(DBAPIError), translated("here"), postgresql.admin.connect() as connection:
        connection.execute(raising)


def test_a_mistake_in_our_own_code_is_not_blamed_on_the_database():
    assert translate(InvalidRequestError("session is closed"), "here") is None


def test_more_threads_than_connections_are_told_to_ask_again(sqlite_url, open_stores):
    stores = open_stores(sqlite_url, 0.1)
    engine = stores.database.engine
    taken = [engine.connect() for _ in range(15)]

    with pytest.raises(Unavailable, match="no more connections"):
        stores.revision.current()

    for connection in taken:
        connection.close()
    assert stores.revision.current() == 0


def test_a_traceback_holds_no_payload_value(stores):
    stores.keys.add(a_key())

    with pytest.raises(Conflict) as raised:
        stores.keys.add(a_key())

    assert raised.value.__cause__ is not None
    assert a_key().secret_hash not in str(raised.value.__cause__.__cause__)


def test_closed_stores_open_again_when_asked(stores):
    stores.close()

    assert stores.revision.current() == 0
