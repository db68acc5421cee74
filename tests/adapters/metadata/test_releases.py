"""Two releases on one database: a newer one comes, fails in the middle, or is taken back."""

import os
import shutil
import subprocess
import sys
import textwrap
import urllib.request

import pytest
from declared import ANSWER
from sqlalchemy import inspect, text
from waiting import wait_until

from minerva.adapters.metadata import migrate as migrating
from minerva.adapters.metadata import open_metadata
from minerva.adapters.metadata.migrations import FOLDER, HEAD
from minerva.errors import InvalidConfiguration, MinervaError
from minerva.testing.key_stores import a_key

NEXT = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "{revision}", "{before}", None, None

def upgrade():
    op.create_table("new_{revision}", sa.Column("id", sa.Integer, primary_key=True))
    with op.batch_alter_table("api_keys") as keys:
        keys.add_column(sa.Column("note_{revision}", sa.String(10), nullable=True))
    {more}
"""
FAILS = 'op.execute("INSERT INTO there_is_no_such_table VALUES (1)")'
MIGRATE = """
    import sys
    from pathlib import Path
    from minerva.adapters.metadata import migrate, migrate_metadata, migrations
    migrate.FOLDER, migrate.HEAD, migrations.HEAD = Path(sys.argv[2]), sys.argv[3], sys.argv[3]
    print(migrate_metadata(sys.argv[1], 30).before)
"""


@pytest.fixture
def newer(tmp_path):
    """The migrations of a release to come: one that adds, and one that fails after it has added."""
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    versions = folder / "versions"
    (versions / "9998_adds.py").write_text(NEXT.format(revision="9998", before=HEAD, more=""))
    (versions / "9999_fails.py").write_text(NEXT.format(revision="9999", before="9998", more=FAILS))
    return folder


@pytest.fixture
def release(monkeypatch, newer):
    """Be of another release in this process."""

    def be(head, *, without=""):
        monkeypatch.setattr(migrating, "FOLDER", newer)
        monkeypatch.setattr(migrating, "HEAD", head)
        for path in (newer / "versions").glob(f"{without}_*.py" if without else "-"):
            path.unlink()

    return be


def columns(stores):
    """All tables with their columns."""
    found = inspect(stores.database.engine)
    return {
        table: {column["name"] for column in found.get_columns(table)}
        for table in found.get_table_names()
    }


def test_a_migration_that_fails_in_the_middle_leaves_the_old_schema_whole(
    empty_url, open_stores, release
):
    old = open_stores(empty_url)
    old.keys.add(a_key())
    before = columns(old)
    release("9999")

    with pytest.raises(MinervaError):
        open_metadata(empty_url, 20)

    assert columns(old) == before
    with old.database.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
    assert [one.id for one in old.keys.list(a_key().tenant)] == [a_key().id]


def test_what_failed_is_made_up_for_by_a_release_that_is_mended(empty_url, open_stores, release):
    old = open_stores(empty_url)
    release("9999")
    with pytest.raises(MinervaError):
        open_metadata(empty_url, 20)
    release("9998", without="9999")

    open_metadata(empty_url, 20).close()

    assert "new_9998" in columns(old)


def test_a_database_that_a_newer_release_migrated_is_refused_in_a_line(
    empty_url, release, monkeypatch
):
    release("9998", without="9999")
    open_metadata(empty_url, 20).close()
    monkeypatch.undo()  # this release again

    for migrates in (True, False):
        with pytest.raises(InvalidConfiguration, match=f"at revision 9998.*up to {HEAD}") as told:
            open_metadata(empty_url, 20, migrates=migrates)
        assert "\n" not in str(told.value)


def test_an_old_sidecar_goes_on_while_a_newer_release_migrates_and_cannot_come_back(
    empty_url, newer, tmp_path, free_port
):
    (newer / "versions" / "9999_fails.py").unlink()
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if "MINERVA_" not in name} | {
        "MINERVA_DATABASE_URL": empty_url,
        "MINERVA_WORKSPACE": str(tmp_path / "shop"),
        "MINERVA_PORT": str(port),
        "MINERVA_AUTH": "none",
    }
    (tmp_path / "shop" / "services").mkdir(parents=True)
    (tmp_path / "shop" / "services" / "answer.yaml").write_text(ANSWER)
    serve = [sys.executable, "-m", "minerva.cli", "serve"]

    def answers():
        try:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/v1/services/answer/predict",
                data=b'{"records":[{}]}', headers={"Content-Type": "application/json"},
            )  # fmt: skip
            with urllib.request.urlopen(request, timeout=30) as answer:
                return b"42" in answer.read()
        except OSError:
            return False

    sidecar = subprocess.Popen(serve, env=environment)
    try:
        wait_until(answers, 120)
        command = [sys.executable, "-c", textwrap.dedent(MIGRATE), empty_url, str(newer), "9998"]
        moved = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert moved.stdout.split()[-1] == HEAD
        (tmp_path / "shop" / "services" / "other.yaml").write_text(
            ANSWER.replace("answer\n", "other\n", 1)
        )  # so it writes, too
        wait_until(lambda: declared(empty_url, newer, environment) == {"answer", "other"}, 60)
        assert answers()
    finally:
        sidecar.terminate()
        sidecar.wait(60)

    again = subprocess.run(serve, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert (
        f"is at revision 9998, but this Minerva knows revisions up to {HEAD} only" in again.stderr
    )
    assert again.stderr.count("\n") == 1


def declared(url, newer, environment):
    """The services that the database knows, as the newer release reads it."""
    code = textwrap.dedent(MIGRATE) + textwrap.dedent("""
        from minerva.adapters.metadata import open_metadata
        stores = open_metadata(sys.argv[1], 30)
        print(*[one.service for one in stores.configurations.list_latest("default")])
    """)
    done = subprocess.run(
        [sys.executable, "-c", code, url, str(newer), "9998"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.splitlines()[-1].split())
