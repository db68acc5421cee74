"""When the database fails: one clear sentence that names it, nothing half-written, and recovery."""

import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, event, select, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError, OperationalError
from waiting import wait_until

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
    stores = open_stores(postgresql_url, 3)
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


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"database": "nowhere"}, 'refuses us .*database "nowhere" does not exist'),
        ({"username": "nobody"}, 'refuses us .*role "nobody" does not exist'),
    ],
)
def test_a_database_or_user_that_is_not_there_is_told(postgresql, part, reason):
    url = postgresql.admin.url.set(**part).render_as_string(hide_password=False)

    with pytest.raises(InvalidConfiguration, match=reason):
        open_metadata(url, 20)


def test_a_wrong_password_is_told_and_not_shown(guarded):
    with pytest.raises(InvalidConfiguration, match='authentication failed for user "ann"') as told:
        open_metadata(guarded.set(password="geheim").render_as_string(hide_password=False), 20)

    assert "geheim" not in str(told.value)
    assert "ann:***@" in str(told.value)


def is_refused(url):
    """Whether nobody may connect so: the server reads its rules anew a moment after it was told to."""
    engine = create_engine(url)
    try:
        engine.connect().close()
    except OperationalError:
        return True
    finally:
        engine.dispose()
    return False


@pytest.fixture
def guarded(postgresql):
    """The URL of a user whose password is asked for."""
    with postgresql.admin.connect() as connection:
        file = Path(connection.scalar(text("SHOW hba_file")))
        before = file.read_text()
        connection.execute(text("DROP ROLE IF EXISTS ann"))
        connection.execute(text("CREATE ROLE ann LOGIN PASSWORD 'right'"))
        file.write_text(f"local all ann scram-sha-256\n{before}")
        connection.execute(text("SELECT pg_reload_conf()"))
        url = postgresql.admin.url.set(username="ann")
        wait_until(lambda: is_refused(url), what="the server asks ann for her password")
        yield url
        file.write_text(before)
        connection.execute(text("SELECT pg_reload_conf()"))


@pytest.mark.parametrize(
    ("url", "kind", "reason"),
    [
        ("postgresql://u:ge@heim@127.0.0.1:1/db", InvalidConfiguration, "write one .* as %40"),
        ("postgresql://u:geheim@127.0.0.1:1/db", Unavailable, "Connection refused"),
        ("postgresql://u:geheim@no-such-host.invalid/db", Unavailable, "no-such-host.invalid"),
        ("postgresql://u:geheim@127.0.0.1:99999/db", InvalidConfiguration, 'port number: "99999"'),
        ("postgresql://u:geheim@127.0.0.1:1/db?sslmode=strict", InvalidConfiguration, "sslmode"),
        ("postgresql://u:geheim@127.0.0.1:x/db", InvalidConfiguration, "is not a database URL"),
        ("postgresql+asyncpg://u:geheim@h/db", InvalidConfiguration, "postgresql.asyncpg"),
        ("mysql://u:geheim@h/db", InvalidConfiguration, "of a kind that cannot keep"),
    ],
)
def test_what_is_wrong_with_a_url_is_named_in_a_line_without_the_password(url, kind, reason):
    with pytest.raises(kind, match=reason) as told:
        open_metadata(url, 20)

    assert "heim" not in str(told.value)
    assert "\n" not in str(told.value)


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
