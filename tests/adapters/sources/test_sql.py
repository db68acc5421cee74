"""Databases that are read and never written, whatever is asked of them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from minerva.errors import InvalidConfiguration, InvalidData, InvalidInput, Unavailable
from minerva.testing.adapters import CUSTOMERS

QUERY = "select id, tenure, charges from customers"
LOOKUP = f"{QUERY} where id = :key"


@pytest.fixture
def source(opened, tmp_path):
    def open_sql(url, query=QUERY, lookup=LOOKUP, timeout_s=60.0):
        return opened(
            tmp_path, source="sql", url=url, query=query, lookup=lookup, timeout_s=timeout_s
        )

    return open_sql


def execute(url, *statements):
    engine = create_engine(url)
    with engine.begin() as connection:
        results = [connection.execute(text(statement)) for statement in statements]
        found = results[-1].all() if results[-1].returns_rows else None
    engine.dispose()
    return found


class TestReading:
    def test_decimals_become_floats(self, source, data_url):
        (frame,) = source(data_url, "select cast(70.5 as numeric(6, 2)) as charges").frames(10)

        assert frame["charges"].dtype == float
        assert list(frame["charges"]) == [70.5]

    def test_percent_signs_and_colons_mean_what_sql_says(self, source, data_url):
        query = (
            "select id as \"share % of\", ' :x 12:30' as note from customers where id like 'a%1'"
        )

        (frame,) = source(data_url, query).frames(10)

        assert frame.to_numpy().tolist() == [["a-1", " :x 12:30"]]
        assert list(frame.columns) == ["share % of", "note"]

    def test_a_repeated_column_is_named(self, source, data_url):
        with pytest.raises(InvalidData, match="column 'id' more than once"):
            next(source(data_url, "select id, id from customers").frames(10))

    def test_a_large_table_comes_in_chunks(self, source, postgresql_data):
        query = "select n as id from generate_series(1, 100000) n"

        frames = source(postgresql_data, query).frames(10_000)

        assert list(next(frames)["id"])[:2] == [1, 2]
        assert sum(len(frame) for frame in frames) == 90_000

    def test_a_table_is_streamed_not_fetched_whole(self, source, postgresql_data):
        """The server would need minutes for all of it."""
        query = "select generate_series(1, 1000000000) as id"

        first = next(source(postgresql_data, query).frames(10))

        assert list(first["id"]) == list(range(1, 11))

    def test_a_relative_sqlite_path_is_below_the_workspace(self, source, fill, tmp_path):
        fill(f"sqlite:///{tmp_path / 'legacy.db'}")

        (frame,) = source("sqlite:///legacy.db").frames(10)

        assert len(frame) == len(CUSTOMERS)

    def test_a_sqlite_file_put_in_the_place_of_another_is_read(
        self, source, sqlite_data, fill, tmp_path
    ):
        reading = source(sqlite_data)
        assert reading.lookup(["new"]) == [None]

        fill(f"sqlite:///{tmp_path / 'next.db'}", [("new", 1, 1.0)])
        (tmp_path / "next.db").rename(tmp_path / "legacy.db")

        assert reading.lookup(["new"]) == [{"id": "new", "tenure": 1, "charges": 1.0}]

    def test_a_closed_source_can_be_used_again(self, source, data_url):
        reading = source(data_url)
        reading.lookup(["a-1"])

        reading.close()

        assert reading.lookup(["nobody"]) == [None]


class TestLookup:
    def test_values_are_those_of_json(self, source, postgresql_data):
        lookup = """
            select id, cast(70.5 as numeric) as price, date '2026-01-31' as day, true as active,
                   timestamptz '2026-01-31 12:00:00+00' at time zone 'UTC' as moment,
                   cast('00000000-0000-0000-0000-000000000001' as uuid) as token, null as nothing
            from customers where id = :key
        """

        (record,) = source(postgresql_data, lookup=lookup).lookup(["a-1"])

        assert record == {
            "id": "a-1",
            "price": 70.5,
            "day": "2026-01-31",
            "active": True,
            "moment": "2026-01-31T12:00:00",
            "token": "00000000-0000-0000-0000-000000000001",
            "nothing": None,
        }

    def test_a_key_is_bound_not_pasted(self, source, data_url):
        assert source(data_url).lookup(["' or '1'='1"]) == [None]

    def test_many_threads_may_look_up_at_once(self, source, data_url):
        reading = source(data_url)
        start = threading.Barrier(8)

        def look_up(number):
            start.wait()
            return reading.lookup([CUSTOMERS[number % 5][0]])[0]["tenure"]

        with ThreadPoolExecutor(8) as threads:
            tenures = list(threads.map(look_up, range(8)))

        assert tenures == [CUSTOMERS[number % 5][1] for number in range(8)]

    def test_two_rows_for_a_key_are_refused(self, source, data_url):
        lookup = "select id from customers where id <> :key"

        with pytest.raises(InvalidData, match="more than one row"):
            source(data_url, lookup=lookup).lookup(["a-1"])

    def test_without_a_lookup_no_key_is_answered(self, source, data_url):
        with pytest.raises(InvalidConfiguration, match="has no `lookup`"):
            source(data_url, lookup=None).lookup(["a-1"])

    @pytest.mark.parametrize("where", ["id = 'a-1'", "id = :customer", "id = :key and id = :x"])
    def test_a_lookup_has_the_one_parameter_key(self, source, data_url, where):
        with pytest.raises(InvalidConfiguration, match="one bound parameter, written :key"):
            source(data_url, lookup=f"{QUERY} where {where}").lookup(["a-1"])

    @pytest.mark.parametrize(("column", "key"), [("tenure", "secret"), ("id", 7)])
    def test_a_key_of_another_type_is_the_callers_mistake(
        self, source, postgresql_data, column, key
    ):
        reading = source(postgresql_data, lookup=f"{QUERY} where {column} = :key")

        with pytest.raises(InvalidInput) as raised:
            reading.lookup([None, key])

        assert str(raised.value.faults[0]).startswith("/keys/1: ")
        assert "secret" not in str(raised.value)

    def test_a_key_beyond_64_bits_is_an_unknown_one(self, source, data_url):
        assert source(data_url, lookup=f"{QUERY} where tenure = :key").lookup([2**70]) == [None]

    def test_it_loads_no_pandas(self, sqlite_data):
        program = """
import sys
from pathlib import Path
from minerva.adapters.sources import open_source
from minerva.layers.abstraction.services.declaration import DataDeclaration
url, lookup = sys.argv[1:]
declaration = DataDeclaration(source="sql", url=url, query="select 1", lookup=lookup)
print(open_source(declaration, Path("/"), 60.0).lookup(["a-1"])[0]["tenure"])
print(sorted({"pandas", "pyarrow", "numpy.random"} & set(sys.modules)))
"""

        command = [sys.executable, "-c", program, sqlite_data, LOOKUP]
        result = subprocess.run(command, capture_output=True, text=True, check=True)

        assert result.stdout.splitlines() == ["12", "[]"]


class TestWriting:
    @pytest.mark.parametrize(
        "statement",
        [
            "delete from customers",
            "update customers set tenure = 0 returning id",
            "drop table customers",
            "create table stolen (id text)",
        ],
    )
    def test_a_statement_that_writes_is_refused_and_changes_nothing(
        self, source, data_url, statement
    ):
        before = execute(data_url, f"{QUERY} order by id")

        with pytest.raises(InvalidData, match="select"):
            next(source(data_url, statement).frames(10))

        assert execute(data_url, f"{QUERY} order by id") == before

    def test_a_lookup_that_writes_is_refused_in_plain_words(self, source, data_url):
        lookup = "delete from customers where id = :key"

        with pytest.raises(InvalidData, match="writes, and Minerva only reads"):
            source(data_url, lookup=lookup).lookup(["a-1"])

        assert execute(data_url, "select count(*) from customers") == [(5,)]

    def test_a_statement_without_rows_is_refused(self, source, sqlite_data):
        with pytest.raises(InvalidData, match="returns no rows"):
            next(source(sqlite_data, "begin").frames(10))


class TestMistakes:
    def test_a_missing_table_is_named(self, source, data_url):
        with pytest.raises(InvalidData, match="clients") as raised:
            next(source(data_url, "select * from clients").frames(10))

        assert len(raised.value.message.splitlines()) == 1

    def test_a_missing_column_is_named(self, source, data_url):
        with pytest.raises(InvalidData, match="tenures"):
            next(source(data_url, "select tenures from customers").frames(10))

    def test_what_is_not_sql_is_told(self, source, data_url):
        with pytest.raises(InvalidData, match="syntax error"):
            next(source(data_url, "selekt 1").frames(10))

    def test_a_value_in_the_data_is_not_repeated(self, source, postgresql_data):
        with pytest.raises(InvalidData) as raised:
            next(source(postgresql_data, "select cast(id as integer) from customers").frames(10))

        assert "InvalidTextRepresentation" in raised.value.message
        assert "a-1" not in raised.value.message

    def test_a_missing_sqlite_file_is_named(self, source, tmp_path):
        with pytest.raises(InvalidData, match=r"no SQLite file .*/missing\.db"):
            next(source("sqlite:///missing.db").frames(10))

        assert not (tmp_path / "missing.db").exists()

    def test_a_file_that_is_not_sqlite_is_told(self, source, tmp_path):
        (tmp_path / "legacy.db").write_text("id,tenure\n" * 100)

        with pytest.raises(InvalidData, match="not a database"):
            next(source("sqlite:///legacy.db").frames(10))

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
    def test_a_sqlite_database_in_memory_is_refused(self, source, url):
        with pytest.raises(InvalidConfiguration, match="names no SQLite file"):
            source(url)

    @pytest.mark.parametrize("url", ["legacy:hunter2", "postgresql://u:hunter2@host:port/x"])
    def test_what_is_not_a_url_is_told_without_repeating_it(self, source, url):
        with pytest.raises(InvalidConfiguration, match="not a database URL") as raised:
            source(url)

        assert "hunter2" not in raised.value.message

    @pytest.mark.parametrize("kind", ["nonsense", "oracle", "mssql+pyodbc"])
    def test_a_missing_driver_is_told(self, source, kind):
        with pytest.raises(InvalidConfiguration, match="no driver") as raised:
            next(source(f"{kind}://user:hunter2@host/x").frames(10))

        assert "hunter2" not in raised.value.message

    @pytest.mark.parametrize("missing", ["url", "query"])
    def test_url_and_query_are_needed(self, opened, tmp_path, missing):
        declared = {"url": "sqlite:///x.db", "query": QUERY}
        del declared[missing]

        with pytest.raises(InvalidConfiguration, match="needs url and query"):
            opened(tmp_path, source="sql", **declared)


class TestAway:
    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
    def test_a_server_that_does_not_listen_is_unavailable(self, source, scheme):
        reading = source(f"{scheme}://legacy:hunter2@127.0.0.1:1/legacy", timeout_s=1)

        with pytest.raises(Unavailable) as raised:
            reading.lookup(["a-1"])

        assert "://legacy:***@127.0.0.1:1/legacy" in raised.value.message
        assert "hunter2" not in raised.value.message

    def test_a_wrong_name_of_the_database_is_told(self, source, postgresql):
        url = postgresql.admin.url.set(database="nowhere").render_as_string(hide_password=False)

        with pytest.raises(Unavailable, match="nowhere"):
            source(url).lookup(["a-1"])

    def test_a_locked_sqlite_file_is_unavailable(self, source, sqlite_data, tmp_path):
        locking = sqlite3.connect(tmp_path / "legacy.db", isolation_level=None)
        locking.execute("begin exclusive")

        with pytest.raises(Unavailable, match="locked"):
            source(sqlite_data, timeout_s=0.2).lookup(["a-1"])

        locking.close()

    def test_a_locked_table_is_unavailable(self, source, postgresql_data):
        engine = create_engine(postgresql_data)
        with engine.begin() as connection:
            connection.execute(text("lock table customers in access exclusive mode"))

            with pytest.raises(Unavailable, match="lock timeout"):
                next(source(postgresql_data, timeout_s=3).frames(10))
        engine.dispose()

    def test_a_slow_lookup_is_unavailable(self, source, postgresql_data):
        lookup = "select pg_sleep(30) as slept, id from customers where id = :key"

        with pytest.raises(Unavailable, match="timeout"):
            source(postgresql_data, lookup=lookup, timeout_s=0.2).lookup(["a-1"])

    def test_a_query_for_training_may_take_longer_than_a_lookup(self, source, postgresql_data):
        query = "select pg_sleep(4) is null as slept"

        (frame,) = source(postgresql_data, query, timeout_s=3).frames(10)

        assert len(frame) == 1

    def test_a_server_that_cut_its_connections_is_asked_again(
        self, source, postgresql_data, postgresql
    ):
        reading = source(postgresql_data)
        reading.lookup(["a-1"])

        postgresql.disconnect(postgresql_data)

        assert reading.lookup(["nobody"]) == [None]

    def test_a_connection_cut_in_the_middle_of_a_table_is_unavailable(
        self, source, postgresql_data, postgresql
    ):
        frames = source(postgresql_data, "select generate_series(1, 100000) as id").frames(10)
        next(frames)

        postgresql.disconnect(postgresql_data)

        with pytest.raises(Unavailable):
            list(frames)
