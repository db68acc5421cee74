"""Rows by key and time become records that look back, and never ahead."""

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from minerva.adapters.sources import open_source
from minerva.errors import InvalidData, InvalidInput
from minerva.layers.abstraction.services.declaration import DataDeclaration, SequenceDeclaration

ROWS = """who,at,load,gone
a,3,30,n
b,1,100,n
a,1,10,n
a,2,20,y
b,2,,y
c,1,7,n
"""
SEQUENCE = {"key": "who", "time": "at", "columns": ("load",), "window": 2}


@pytest.fixture
def table(opened, tmp_path):
    def read(rows=ROWS, chunk_rows=1000, **sequence):
        (tmp_path / "rows.csv").write_text(rows)
        declared = SequenceDeclaration(**{**SEQUENCE, **sequence})
        source = opened(tmp_path, source="csv", path="rows.csv", sequence=declared)
        return pd.concat(list(source.frames(chunk_rows)), ignore_index=True)

    return read


def seen(frame, *names):
    """Return the rows as tuples, None where nothing is."""
    cells = frame[list(names)].astype(object)
    return list(cells.where(cells.notna(), None).itertuples(index=False, name=None))


def test_each_row_looks_back_on_its_own_key_in_the_order_of_time(table):
    frame = table()

    assert seen(frame, "who", "at", "load_1", "load_2", "gone") == [
        ("a", "3", "30", "20", "n"),
        ("a", "2", "20", "10", "y"),
        ("b", "2", "", "100", "y"),
    ]


def test_rows_in_any_order_and_in_any_chunks_give_the_same_records(table):
    head, *rows = ROWS.splitlines()
    turned = "\n".join([head, *reversed(rows)]) + "\n"
    names = ("who", "at", "load_1", "load_2", "gone")

    assert sorted(seen(table(turned), *names)) == sorted(seen(table(), *names))
    assert seen(table(chunk_rows=2), *names) == seen(table(), *names)


def test_no_record_knows_a_later_row(table):
    chance = np.random.default_rng(0)
    rows = [(who, at) for who in "abcd" for at in chance.permutation(50).tolist()]
    text_ = "who,at,load\n" + "".join(f"{who},{at},{at}\n" for who, at in rows)

    frame = table(text_, window=5)

    now = frame["at"].astype(int)
    for back in range(5):
        assert (frame[f"load_{back + 1}"].astype(int) == now - back).all()


def test_fewer_rows_will_do_where_that_is_said(table):
    frame = table(at_least=1, window=3)

    assert seen(frame[frame.who != "a"], "who", "at", "load_1", "load_2", "load_3") == [
        ("b", "1", "100", None, None),
        ("b", "2", "", "100", None),
        ("c", "1", "7", None, None),
    ]


def test_one_record_per_key_is_that_of_its_last_row(table):
    frame = table(per="key")

    assert seen(frame, "who", "at", "load_1", "load_2") == [
        ("a", "3", "30", "20"), ("b", "2", "", "100"),
    ]  # fmt: skip


def test_moments_are_put_in_order_whatever_they_are_written_as(table):
    frame = table(
        "who,at,load\na,2026-02-01T00:00:00Z,2\na,2026-01-31T23:00:00-05:00,3\na,2026-01-01,1\n"
    )

    assert seen(frame, "load_1", "load_2") == [("2", "1"), ("3", "2")]


@pytest.mark.parametrize(
    ("rows", "sequence", "where", "says"),
    [
        ("who,at,load\na,1,1\na,,2\n", {}, 'column "at", row 2', "is empty, or no moment"),
        ("who,at,load\na,1,1\na,soon,2\n", {}, 'column "at", row 2', "is empty, or no moment"),
        ("who,at,load\na,1,1\n,2,2\n", {}, 'column "who", row 2', "is empty"),
        (ROWS, {"columns": ("heat",)}, 'column "heat"', "is missing from the data"),
        (ROWS, {"key": "id"}, 'column "id"', "is missing from the data"),
        ("who,at,load,load_2\na,1,1,1\n", {}, 'column "load_2"', "is there already"),
    ],
)
def test_rows_that_cannot_be_put_in_sequence_are_named(table, rows, sequence, where, says):
    with pytest.raises(InvalidData) as caught:
        table(rows, **sequence)

    (fault,) = caught.value.faults
    assert fault.where == where
    assert says in fault.message


def test_keys_that_all_have_too_few_rows_are_told_of(table):
    with pytest.raises(InvalidData, match="No key has 4 rows"):
        table(window=4)


def test_no_rows_are_no_records(table):
    assert list(table("who,at,load\n").columns) == ["who", "at", "load", "load_1", "load_2"]


class TestLookingUp:
    @pytest.fixture
    def source(self, opened, tmp_path):
        url = f"sqlite:///{tmp_path / 'meters.db'}"
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(
                text("create table meter (who text, at text, load integer, size integer)")
            )
            for at, load in (("2026-01-02", 20), ("2026-01-03", 30), ("2026-01-01", 10)):
                values = {"at": at, "load": load}
                connection.execute(
                    text("insert into meter values ('a', :at, :load, :load + 1)"), values
                )
            connection.execute(text("insert into meter values ('b', '2026-01-01', 5, 6)"))
        engine.dispose()

        def open_one(**sequence):
            return opened(
                tmp_path,
                source="sql",
                url=url,
                query="select * from meter",
                lookup="select at, load, size from meter where who = :key",
                sequence=SequenceDeclaration(**{**SEQUENCE, **sequence}),
            )

        return open_one

    def test_a_key_is_answered_by_its_last_rows(self, source):
        assert source().lookup(["a", "nobody"]) == [
            {"at": "2026-01-03", "load": 30, "size": 31, "load_1": 30, "load_2": 20},
            None,
        ]

    def test_a_key_with_too_few_rows_is_named(self, source):
        with pytest.raises(InvalidInput) as caught:
            source().lookup(["a", "b"])

        (fault,) = caught.value.faults
        assert (fault.where, fault.message) == ("/keys/1", "has 1 rows, and 2 are needed")

    def test_what_a_short_key_lacks_is_missing_where_fewer_rows_will_do(self, source):
        (record,) = source(at_least=1, window=3).lookup(["b"])

        assert record["load_1"] == 5
        assert record["load_2"] is record["load_3"] is None

    def test_a_record_by_key_is_that_of_the_training(self, source):
        (frame,) = source().frames(10)
        (record,) = source().lookup(["a"])

        last = frame[frame["at"] == "2026-01-03"].iloc[0]
        assert [record[name] for name in ("load_1", "load_2")] == [last.load_1, last.load_2]

    def test_a_file_answers_no_keys(self, tmp_path):
        declared = DataDeclaration(
            source="csv", path="rows.csv", sequence=SequenceDeclaration(**SEQUENCE)
        )

        with pytest.raises(Exception, match="lookup needs source: sql"):
            open_source(declared, tmp_path, 1).lookup(["a"])
