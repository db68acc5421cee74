"""Migrations bring any database to what the models need, whoever else starts at the moment."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from structlog.testing import capture_logs

from minerva.adapters.metadata import open_metadata
from minerva.adapters.metadata.aliases import SqlAliasStore
from minerva.adapters.metadata.configurations import SqlConfigurationStore
from minerva.adapters.metadata.engine import WRITE, open_engine
from minerva.adapters.metadata.leases import SqlJobLeases
from minerva.adapters.metadata.migrate import migrate
from minerva.adapters.metadata.migrations import FOLDER, HEAD
from minerva.adapters.metadata.tables import METADATA
from minerva.adapters.metadata.tenancy import Database
from minerva.adapters.metadata.versions import SqlVersionStore
from minerva.errors import InvalidConfiguration
from minerva.testing.threads import at_once


@pytest.fixture
def engine(empty_url):
    """An engine on a database without tables."""
    made = open_engine(empty_url, 20)
    yield made
    made.dispose()


def test_the_migrated_tables_are_those_of_the_models(engine):
    migrate(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []


def test_the_constraints_are_those_of_the_models(engine):
    migrate(engine)

    made = inspect(engine)
    for table in METADATA.sorted_tables:
        assert made.get_pk_constraint(table.name)["constrained_columns"] == [
            column.name for column in table.primary_key
        ]
        assert referred(made.get_foreign_keys(table.name)) == {
            (one.referred_table.name, *one.column_keys) for one in table.foreign_key_constraints
        }


def referred(keys):
    """Which table each foreign key refers to, by which columns."""
    return {(key["referred_table"], *key["constrained_columns"]) for key in keys}


def test_what_the_first_release_kept_is_kept(engine):
    with engine.execution_options(**{WRITE: True}).begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO versions VALUES ('acme', 'churn', 1, 'd', '{}', '{}', 1, NULL, :now);"
            ),
            {"now": "2026-03-01 12:30:15"},
        )
        connection.execute(
            text(
                "INSERT INTO alias_changes VALUES "
                "('acme', 'churn', 'champion', 1, 1, NULL, 'ann', 'first', :now)"
            ),
            {"now": "2026-03-01 12:30:15"},
        )

    migrate(engine)

    stores = SqlAliasStore(Database(engine))
    (change,) = stores.history("acme", "churn", "champion")
    assert (change.number, change.reason, change.share) == (1, "first", None)
    (version,) = SqlVersionStore(Database(engine)).list("acme", "churn")
    assert (version.digest, version.pruned_at) == ("d", None)


def test_a_service_that_was_declared_before_tuning_is_not_declared_anew(engine):
    with engine.execution_options(**{WRITE: True}).begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text("INSERT INTO configurations VALUES ('acme', 'churn', 3, 'd', '{}', 'ann', :now)"),
            {"now": "2026-03-01 12:30:15"},
        )

    migrate(engine)

    stores = SqlConfigurationStore(Database(engine))
    same = stores.declare("acme", "churn", "d", {}, "ann", datetime(2026, 3, 2, tzinfo=UTC))
    assert (same.revision, same.derived) == (3, False)


def test_parts_from_before_take_the_place_of_their_job(engine):
    with engine.execution_options(**{WRITE: True}).begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        for job_id, parent, minute in (("j1", None, 1), ("j2", None, 2), ("p1", "j1", 3)):
            connection.execute(
                text(
                    "INSERT INTO jobs (tenant, id, service, kind, payload, configuration_revision, "
                    "author, request_id, trace_id, max_attempts, created_at, parent, state, attempt, "
                    "progress, message, cancel_requested) VALUES ('acme', :id, 'churn', 'train', "
                    "'{}', 1, 'ann', '', '', 3, :at, :parent, 'queued', 0, 0, '', false)"
                ),
                {"id": job_id, "at": f"2026-03-01 12:0{minute}:00", "parent": parent},
            )

    migrate(engine)

    now = datetime(2026, 3, 1, 13, tzinfo=UTC)
    waiting = SqlJobLeases(Database(engine)).waiting(timedelta(0), now)
    assert [job.id for job in waiting] == ["j1", "p1", "j2"]


def test_the_declared_head_is_the_newest_script():
    config = Config()
    config.set_main_option("script_location", str(FOLDER))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_migration_is_logged_once(engine):
    with capture_logs() as logs:
        migrate(engine)
        migrate(engine)

    assert [(entry["event"], entry["after"]) for entry in logs] == [("database.migrated", HEAD)]


def test_eight_threads_may_migrate_at_once(engine):
    with capture_logs() as logs:
        at_once(8, lambda _: migrate(engine))

    assert len(logs) == 1


def test_several_processes_may_open_a_new_database_at_once(empty_url):
    script = (
        "import sys; from minerva.adapters.metadata import open_metadata; "
        "print(open_metadata(sys.argv[1], 30).revision.current())"
    )
    command = [sys.executable, "-c", script, empty_url]

    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [(process.communicate(timeout=90), process.returncode) for process in processes]

    assert [code for _, code in ended] == [0] * 3, ended
    assert sum("database.migrated" in out for (out, _), _ in ended) == 1


def test_a_database_at_head_is_opened_without_alembic(metadata_url):
    script = (
        "import sys; from minerva.adapters.metadata import open_metadata; "
        "open_metadata(sys.argv[1], 30).close(); print('alembic' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, metadata_url], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(stores, metadata_url):
    engine = stores.database.engine
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(InvalidConfiguration, match=f"9999.*{HEAD}"):
        open_metadata(metadata_url, 5)

    with engine.begin() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{HEAD}'"))


def test_a_migration_that_fails_leaves_nothing_half_made(engine):
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE api_keys (id INTEGER)"))  # the last one to be made

    with pytest.raises(InvalidConfiguration):
        migrate(engine)

    assert inspect(engine).get_table_names() == ["api_keys"]
