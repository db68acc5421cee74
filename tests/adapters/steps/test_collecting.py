"""Collectors: files of a folder, what is at a URL, rows of a database."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest
from answering import answering

from minerva import InvalidConfiguration, Items, StepContext
from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.steps.files import Files
from minerva.adapters.steps.http import Http
from minerva.adapters.steps.sql import Sql
from minerva.errors import InvalidData, Unavailable
from minerva.layers.abstraction.flows.failure import Failure
from minerva.layers.abstraction.flows.volume import RequestVolume
from minerva.schema import Field


@dataclass
class Done:
    """What a step made, and what failed."""

    columns: dict
    of: list
    failed: dict


@pytest.fixture
def collect(tmp_path):
    """Run a collector on a column of texts."""

    def collected(step, name, values, **parameters) -> Done:
        column = np.empty(len(values), dtype=object)
        column[:] = values
        fields = {name: Field(type="text")}
        told = msgspec.convert(parameters, step.Parameters)
        failed = {}
        context = StepContext(
            parameters=told,
            fields=step.outputs(fields, told),
            workspace=tmp_path,
            volume=RequestVolume(tmp_path / "volume", "0" * 32, 10),
            fail=lambda row, why: failed.update({row: Failure.of(why).message}),
        )
        result = step.run(Items.single(fields, {name: column}, len(values)), context)
        columns = getattr(result, "columns", result)
        of = result.of.tolist() if hasattr(result, "of") else []
        return Done({one: list(each) for one, each in columns.items()}, of, failed)

    return collected


@pytest.fixture
def albums(tmp_path) -> Path:
    """Two albums, and something beside them that is nobody's business."""
    for name in (
        "albums/anna/b.jpg",
        "albums/anna/a.JPG",
        "albums/anna/notes.txt",
        "albums/ben/c.jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (tmp_path / "albums" / "anna" / ".hidden.jpg").write_bytes(b"x")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return tmp_path / "albums"


@pytest.mark.parametrize("remote", [False, True])
def test_the_files_of_a_folder_become_rows_in_order(collect, albums, remote):
    below = f"file://{albums}" if remote else "albums"

    done = collect(Files(), "path", ["anna", "ben"], below=below, suffixes=[".jpg"])

    assert done.columns["name"] == ["a.JPG", "b.jpg", "c.jpg"]
    assert done.of == [0, 0, 1]
    assert done.columns["bytes"] == [17, 17, 16]
    assert not done.failed


@pytest.mark.parametrize(
    "path", ["..", "../secret.jpg", "/etc", "", "a\0b", "anna/../../secret.jpg"]
)
def test_no_path_leads_out_of_the_folder_that_is_allowed(collect, albums, path):
    done = collect(Files(), "path", [path], below="albums")

    assert (list(done.failed), done.of) == ([0], [])


def test_a_folder_that_there_is_not_fails_alone(collect, albums):
    done = collect(Files(), "path", ["zoe", "ben"], below="albums")

    assert done.failed == {0: "There is no such folder."}
    assert done.of == [1]


def test_too_many_or_too_large_files_are_refused(collect, albums):
    assert "are the most" in collect(Files(), "path", ["anna"], below="albums", most=1).failed[0]
    assert (
        "more than 3 bytes"
        in collect(Files(), "path", ["ben"], below="albums", max_bytes=3).failed[0]
    )


def test_what_is_at_a_url_becomes_a_file(collect, tmp_path):
    with answering() as server:
        server.prepared.append((200, b"picture", "image/png"))
        url = f"http://127.0.0.1:{server.server_port}/p/one.png?size=2"

        done = collect(Http(), "url", [url], hosts=["127.0.0.1"])

    assert done.columns == {"file": ["one.png"], "content_type": ["image/png"], "bytes": [7]}
    assert server.asked[0][1] == "/p/one.png?size=2"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://127.0.0.1/a", "neither http nor https"),
        ("file:///etc/passwd", "neither http nor https"),
        ("http://other.example/a", "none of the `hosts`"),
        ("http://[::1/a", "cannot be read"),
        ("", "neither http nor https"),
    ],
)
def test_a_url_that_is_not_allowed_is_not_asked(collect, url, told):
    assert told in collect(Http(), "url", [url], hosts=["127.0.0.1"]).failed[0]


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "192.168.1.1"]
)
def test_a_listed_name_that_leads_to_a_private_address_is_refused(collect, address):
    connecting = Connecting(resolve=lambda host, port: [address])

    done = collect(
        Http(connecting), "url", ["http://photos.example/a.jpg"], hosts=["photos.example"]
    )

    assert "leads to a private or local address" in done.failed[0]


def test_redirects_are_not_followed(collect):
    with answering() as server:
        server.prepared.append((302, b""))

        done = collect(
            Http(), "url", [f"http://127.0.0.1:{server.server_port}/"], hosts=["127.0.0.1"]
        )

    assert "answered 302" in done.failed[0]


def test_an_answer_that_is_too_large_or_an_error_fails_alone(collect):
    with answering() as server:
        server.prepared.extend([(200, b"x" * 100), (404, b""), (500, b""), (200, b"y")])
        url = f"http://127.0.0.1:{server.server_port}/f"

        done = collect(Http(), "url", [url] * 4, hosts=["127.0.0.1"], max_bytes=50)

    assert sorted(done.failed) == [0, 1, 2]
    assert done.columns["bytes"][3] == 1


def test_a_host_that_is_away_fails_its_row(collect, free_port):
    url = f"http://127.0.0.1:{free_port()}/"

    done = collect(Http(), "url", [url], hosts=["127.0.0.1"], timeout_s=2)

    assert "could not be asked" in done.failed[0]


@pytest.fixture
def database(tmp_path) -> str:
    """A database of visits."""
    with sqlite3.connect(tmp_path / "legacy.db") as connection:
        connection.execute("create table visits (person text, page text, seconds real, paid int)")
        connection.executemany(
            "insert into visits values (?, ?, ?, ?)",
            [("anna", "home", 1.5, 0), ("anna", "shop", 2, 1), ("ben", "home", None, 0)],
        )
    return "sqlite:///legacy.db"


FIELDS = {
    "page": {"type": "category", "values": ["home", "shop"]},
    "seconds": {"type": "number", "nullable": True},
    "paid": {"type": "boolean"},
}
QUERY = "select page, seconds, paid from visits where person = :person order by page"


def test_the_rows_of_a_query_become_rows_of_their_record(collect, database):
    done = collect(
        Sql(), "person", ["ben", "zoe", "anna"], url=database, query=QUERY, fields=FIELDS
    )

    assert done.of == [0, 2, 2]
    assert done.columns["page"] == [0, 0, 1]
    assert np.array_equal(done.columns["seconds"], [np.nan, 1.5, 2], equal_nan=True)
    assert done.columns["paid"] == [0, 0, 1]


def test_what_a_record_holds_is_never_sql(collect, database):
    done = collect(Sql(), "person", ["x' or '1'='1"], url=database, query=QUERY, fields=FIELDS)

    assert done.of == []


def test_a_query_that_writes_changes_nothing(collect, database, tmp_path):
    with pytest.raises(InvalidData):
        collect(
            Sql(), "person", ["anna"], url=database, fields=FIELDS,
            query="delete from visits where person = :person",
        )  # fmt: skip

    with sqlite3.connect(tmp_path / "legacy.db") as connection:
        assert connection.execute("select count(*) from visits").fetchone() == (3,)


def test_a_value_that_does_not_fit_its_field_fails_its_record(collect, database):
    fields = {"page": {"type": "category", "values": ["home"]}}

    done = collect(Sql(), "person", ["anna", "ben"], url=database, query=QUERY, fields=fields)

    assert "Column 'page' of the query" in done.failed[0]
    assert 1 in done.of


def test_more_rows_than_allowed_fail_their_record(collect, database):
    done = collect(
        Sql(), "person", ["anna", "ben"], url=database, query=QUERY, fields=FIELDS, most=1
    )

    assert "more than 1 rows" in done.failed[0]


def test_a_query_must_name_the_inputs_it_is_given():
    wanted = msgspec.convert(
        {"url": "sqlite:///x.db", "query": "select 1 as page", "fields": FIELDS}, Sql.Parameters
    )

    with pytest.raises(InvalidConfiguration):
        Sql().outputs({"person": Field(type="text")}, wanted)


def test_a_column_that_the_query_does_not_give_is_named(collect, database):
    with pytest.raises(InvalidData, match="gives no column 'nothing'"):
        collect(
            Sql(),
            "person",
            ["anna"],
            url=database,
            query=QUERY,
            fields={"nothing": {"type": "text"}},
        )


def test_a_database_that_is_away_may_come_back(collect):
    with pytest.raises((Unavailable, InvalidData)):
        collect(
            Sql(),
            "person",
            ["anna"],
            url="postgresql://nobody@127.0.0.1:1/none",
            query=QUERY,
            fields=FIELDS,
        )
