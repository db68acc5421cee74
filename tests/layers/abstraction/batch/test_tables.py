"""Queries in and tables out, on a real database file."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from batches import people, read_rows, write_rows

from minerva.errors import InvalidData, InvalidInput

URL = "sqlite:///shop.db"


@pytest.fixture
def shop(workspace):
    """A legacy database with 30 people, one of whom fits nowhere."""
    with closing(sqlite3.connect(workspace / "shop.db")) as database:
        database.execute("create table people (id text, x integer, email text)")
        rows = [(row["id"], row["x"]) for row in people(30)]
        database.executemany("insert into people (id, x) values (?, ?)", rows)
        database.execute("update people set x = -1 where id = 'c-7'")
        database.commit()
    return workspace / "shop.db"


@pytest.fixture
def service(make, data, shop):
    """A service that learns from the database and may write to it."""
    where = {
        "source": "sql",
        "url": URL,
        "query": "select id, x, x * 2.0 as y from people where x > 0",
    }
    return make("value", "linear", data=where, batch={"url": URL})


@pytest.fixture
def ask(shop):
    """Ask the database."""

    def asked(query):
        with closing(sqlite3.connect(shop)) as database:
            return database.execute(query).fetchall()

    return asked


def test_the_declared_query_is_scored(submit, work, data):
    result = work(submit(output="data/scores.ndjson"))

    assert result["rows"] == 29
    assert read_rows(data / "scores.ndjson")[0] == {"id": "c-0", "y": 2.0}


def test_a_query_named_in_the_call_is_scored_over_the_declared_connection(submit, work, data):
    work(submit(query="select id, x from people order by id desc", output="data/scores.ndjson"))

    assert read_rows(data / "scores.ndjson")[0] == {"id": "c-9", "y": 6.0}
    assert (data / "scores.rejects.csv").read_text().splitlines()[1:] == [
        "query.ndjson,3,x,is below the minimum of 0"
    ]


def test_the_rows_of_a_query_are_shared_between_parts(submit, work, data):
    result = work(submit(output="data/scores.ndjson", parts=3))

    assert result["parts"] == 3
    assert len(read_rows(data / "scores.ndjson")) == 29
    assert {path.name for path in data.iterdir()} == {"scores.ndjson"}


@pytest.mark.parametrize("query", ["delete from people", "select 1; drop table people"])
def test_a_query_that_writes_is_refused_before_it_is_queued(submit, ask, query):
    with pytest.raises(InvalidInput, match="does not only read"):
        submit(query=query, output="data/scores.csv")

    assert ask("select count(*) from people") == [(30,)]


def test_a_query_without_the_inputs_fails_the_job(submit, work):
    with pytest.raises(InvalidInput, match="does not have the service's inputs"):
        work(submit(query="select id from people", output="data/scores.csv"))


def test_a_query_that_the_database_refuses_fails_the_job(submit, work):
    with pytest.raises(InvalidData, match="no such column"):
        work(submit(query="select nonsense from people", output="data/scores.csv"))


def test_a_table_that_is_not_there_is_made(submit, work, ask):
    result = work(submit(table="scores"))

    assert result["output"] == "table scores"
    assert ask("select count(*), sum(y) from scores") == [(29, 228.0)]


def test_rows_are_written_by_key_and_others_stay(submit, work, ask, shop):
    with closing(sqlite3.connect(shop)) as database:
        database.execute("create table scores (id text primary key, y real, note text)")
        database.execute("insert into scores values ('c-1', 0, 'kept'), ('else', 7, 'kept')")
        database.commit()

    for _ in range(2):
        work(submit(table="scores"))

    assert ask("select count(*) from scores") == [(30,)]
    assert ask("select * from scores where note = 'kept' order by id") == [
        ("c-1", 4.0, "kept"), ("else", 7.0, "kept"),
    ]  # fmt: skip


def test_the_last_row_of_a_key_counts_and_rows_without_one_are_rejected(
    submit, work, ask, data, workspace
):
    write_rows(data / "people.parquet", [*people(3), {"id": None, "x": 1}, {"id": "c-0", "x": 5}])

    result = work(submit(input="data/people.parquet", table="scores"))

    assert ask("select id, y from scores order by id") == [
        ("c-0", 10.0),
        ("c-1", 4.0),
        ("c-2", 6.0),
    ]
    assert result["rejects"] == 1
    with Path(result["rejects_file"]).open() as file:
        assert file.read().splitlines()[1:] == [
            'people.parquet,4,id,"is missing, but a table is written by its key"'
        ]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("id text primary key, z real", 'column "y": is missing in the table'),
        ("id text, y real", 'column "id": is neither the primary key nor unique'),
        ("id text, y real, primary key (id, y)", "is neither the primary key nor unique"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_before_it_is_queued(submit, shop, columns, says):
    with closing(sqlite3.connect(shop)) as database:
        database.execute(f"create table scores ({columns})")

    with pytest.raises(InvalidInput) as caught:
        submit(table="scores")

    assert says in str(caught.value)


def test_a_name_that_looks_like_sql_is_a_name(submit, work, ask):
    name = 'scores"; drop table people; --'

    work(submit(table=name))

    assert ask("select count(*) from people") == [(30,)]
    assert ask('select count(*) from "scores""; drop table people; --"') == [(29,)]


def test_a_call_names_no_database(submit):
    with pytest.raises(InvalidInput, match="/url: unknown"):
        submit(table="scores", url="sqlite:///other.db")
