"""Tables are written by key on the databases that users have."""

from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import create_engine, text

from minerva.adapters.batch.staging import StagingFolder
from minerva.adapters.batch.table_output import PUBLISHED, TableOutput
from minerva.errors import InvalidData, InvalidInput, Unavailable
from minerva.schema import Schema

SCHEMA = Schema.parse(
    {
        "key": "id",
        "inputs": {"x": {"type": "number"}},
        "output": {"y": {"type": "category", "values": ["No", "Yes"]}},
    }
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        (tmp_path / "scores.db").touch()
        yield f"sqlite:///{tmp_path / 'scores.db'}"
        return
    postgresql = request.getfixturevalue("postgresql")
    made = postgresql.database()
    yield made
    postgresql.drop(made)


@pytest.fixture
def output(url, tmp_path):
    """Return an output into a table of the database."""
    return lambda name="scores": TableOutput(url, name, tmp_path, tmp_path / "rejects.csv", 5)


@pytest.fixture
def ask(url):
    """Ask the database, or change it."""
    engine = create_engine(url)

    def asked(statement):
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    yield asked
    engine.dispose()


@pytest.fixture
def staging(tmp_path):
    """Return a staging folder with an answer for these chances by id."""

    def staged(chances, name="j"):
        folder = StagingFolder(str(tmp_path / name))
        answer = pa.RecordBatch.from_pydict(
            {
                "id": list(chances),
                "y": ["Yes" if chance >= 0.5 else "No" for chance in chances.values()],
                "y_probabilities": [
                    {"No": 1 - chance, "Yes": chance} for chance in chances.values()
                ],
            }
        )
        folder.keep(0, 0, answer, "", {"rows": len(chances)})
        return folder

    return staged


def test_a_table_is_made_and_written_again_without_a_change(output, staging, ask):
    scores = staging({"a": 0.25, "b": 0.75})

    output().check(SCHEMA)
    output().publish(scores, 1)
    output().check(SCHEMA)
    output().publish(scores, 1)

    assert ask('select id, y, "y_probability_Yes" from scores order by id') == [
        ("a", "No", 0.25), ("b", "Yes", 0.75),
    ]  # fmt: skip


def test_rows_of_the_same_key_are_changed_and_others_stay(output, staging, ask):
    output().publish(staging({"a": 0.25, "b": 0.75}), 1)

    output().publish(staging({"b": 0.0, "c": 1.0}, "k"), 1)

    assert ask("select id, y from scores order by id") == [("a", "No"), ("b", "No"), ("c", "Yes")]


@pytest.fixture
def chunks(staging, tmp_path):
    """Return two chunks, after each of which something is done."""
    kept = staging({"a": 0.25, "b": 0.75})
    (second,) = staging({"c": 0.0, "b": 1.0}, "k").answers(1)
    kept.keep(0, 1, second, "", {"rows": 2})

    class Interrupted(StagingFolder):
        def answers(self, parts):
            for answer in super().answers(parts):
                yield answer
                self.after()

    def made(after):
        Interrupted.after = staticmethod(after)
        return Interrupted(kept.folder)

    return made


def test_readers_see_all_rows_or_none_of_them(output, chunks, ask):
    ask("create table scores (id varchar(9) primary key, y varchar(9))")
    ask("insert into scores values ('b', 'was')")
    seen = []

    output().publish(chunks(lambda: seen.append(ask("select id, y from scores"))), 1)

    assert seen == [[("b", "was")]] * len(seen)
    assert len(seen) >= 2
    assert ask("select id, y from scores order by id") == [("a", "No"), ("b", "Yes"), ("c", "No")]


def test_a_row_that_the_table_refuses_leaves_it_as_it_was(output, chunks, ask):
    ask("create table scores (id varchar(9) primary key check (id <> 'c'), y varchar(9))")

    with pytest.raises(InvalidData, match="does not take the answers"):
        output().publish(chunks(lambda: None), 1)

    assert ask("select * from scores") == []


def test_an_attempt_that_ends_in_the_middle_leaves_nothing_and_the_next_writes_all(
    output, chunks, ask
):
    read = []

    def end():
        read.append("a chunk")
        if len(read) > 2:  # the two are looked at first, for what they have in common
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        output().publish(chunks(end), 1)
    output().check(SCHEMA)
    output().publish(chunks(lambda: None), 1)

    assert ask("select id, y from scores order by id") == [("a", "No"), ("b", "Yes"), ("c", "No")]


def test_an_attempt_after_the_one_that_wrote_changes_nothing_again(output, staging, ask):
    scores = staging({"a": 0.25})
    output().publish(scores, 1)
    ask("update scores set y = 'newer'")

    output().publish(scores, 1)

    assert ask("select id, y from scores") == [("a", "newer")]


def test_an_attempt_after_one_that_was_killed_before_its_note_writes_the_same_again(
    output, staging, ask
):
    folder = staging({"a": 0.9, "b": 0.25})
    output().publish(folder, 1)
    written = ask("select * from scores order by id")
    ask("update scores set y = 'No' where id = 'a'")  # what others did in between is replaced
    Path(folder.path_of(PUBLISHED)).unlink()

    output().publish(folder, 1)

    assert ask("select * from scores order by id") == written


def test_keys_become_what_the_table_has(output, staging, ask):
    ask("create table scores (id integer primary key, y varchar(9))")

    output().publish(staging({"7": 0.25}), 1)

    assert ask("select * from scores") == [(7, "No")]


def test_columns_that_the_table_lacks_are_left_out(output, staging, ask):
    ask("create table scores (id varchar(9) primary key, y varchar(9))")

    output().publish(staging({"a": 0.25}), 1)

    assert ask("select * from scores") == [("a", "No")]


def test_a_table_without_a_unique_key_is_refused(output, ask):
    ask("create table scores (id varchar(9), y varchar(9))")

    with pytest.raises(InvalidInput, match="cannot be written by key"):
        output().check(SCHEMA)

    ask("create unique index once on scores (id)")
    output().check(SCHEMA)


def test_a_name_that_looks_like_sql_is_a_name(output, staging, ask):
    output('a"b;c').publish(staging({"a": 0.25}), 1)

    assert ask('select count(*) from "a""b;c"') == [(1,)]


def test_a_database_that_is_away_is_unavailable_and_no_password_is_told(tmp_path):
    url = "postgresql://ann:secret@127.0.0.1:1/shop"
    output = TableOutput(url, "scores", tmp_path, tmp_path / "rejects.csv", 2)

    with pytest.raises(Unavailable) as caught:
        output.check(SCHEMA)

    assert "secret" not in str(caught.value)
