"""Rows of a flow are written into a table of a database that users have, once for each key."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import msgspec
import numpy as np
import pytest
from sqlalchemy import create_engine, text

from minerva import InvalidConfiguration, InvalidData, InvalidInput, Items, StepContext, Unavailable
from minerva.adapters.steps.table import Table, TableParameters
from minerva.schema import Field, FieldType

FIELDS = {
    "clip": Field(type=FieldType.TEXT),
    "second": Field(type=FieldType.NUMBER),
    "cars": Field(type=FieldType.INTEGER),
    "full": Field(type=FieldType.BOOLEAN),
    "light": Field(type=FieldType.CATEGORY, values=("dark", "bright")),
    "at": Field(type=FieldType.TIMESTAMP),
}
MOMENT = 1_770_000_000.25


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        (tmp_path / "shop.db").touch()
        yield "sqlite:///shop.db"
        return
    postgresql = request.getfixturevalue("postgresql")
    made = postgresql.database()
    yield made
    postgresql.drop(made)


@pytest.fixture
def ask(url, tmp_path):
    """Ask the database, or change it."""
    engine = create_engine(url.replace("///", f"///{tmp_path}/") if "sqlite" in url else url)

    def asked(statement):
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    yield asked
    engine.dispose()


@pytest.fixture
def write(tmp_path):
    """Write rows with the step, into table `stays` by clip and second; return its columns and failures."""

    def written(database, *rows, fields=FIELDS, seconds_left=60.0, **parameters):
        given = {"url": database, "table": "stays", "key": ["clip", "second"], **parameters}
        wanted = msgspec.convert(given, TableParameters)
        step, failed = Table(), {}
        items = Items.single(fields, columns(rows, fields), len(rows))
        context = StepContext(
            parameters=wanted,
            fields=step.outputs(fields, wanted),
            workspace=tmp_path,
            volume=None,
            seconds_left=seconds_left,
            fail=lambda row, why: failed.update({row: str(why)}),
        )
        return step.run(items, context), failed

    return written


def columns(rows, fields):
    """Rows as columns, as the contract has them."""
    kinds = {FieldType.TEXT: object, FieldType.CATEGORY: np.int32}
    values = (
        dict(zip(fields, zip(*rows, strict=True), strict=True))
        if rows
        else dict.fromkeys(fields, ())
    )
    return {
        name: np.array(values[name], kinds.get(field.type, np.float64))
        for name, field in fields.items()
    }


def row(second, cars, clip="a"):
    return (clip, second, cars, cars == 6, int(cars > 3), MOMENT)


def test_a_table_is_made_and_rows_pass_as_they_are(write, url, ask):
    passed, failed = write(url, row(0, 6), row(1.5, 2))

    assert failed == {}
    assert passed["cars"].tolist() == [6, 2]
    stored = ask('select clip, second, cars, "full", light from stays order by second')
    assert stored == [("a", 0, 6, True, "bright"), ("a", 1.5, 2, False, "dark")]
    assert str(ask("select at from stays")[0][0]).startswith("2026-02-02 02:40:00.25")


def test_rows_of_the_same_key_are_changed_and_others_stay(write, url, ask):
    write(url, row(0, 6), row(1, 2))
    write(url, row(1, 3), row(1, 4), row(0, 1, clip="b"))

    stored = ask("select clip, second, cars from stays order by clip, second")
    assert stored == [("a", 0, 6), ("a", 1, 4), ("b", 0, 1)]


def test_written_twice_it_is_as_if_it_were_written_once(write, url, ask):
    write(url, row(0, 6))
    write(url, row(0, 6))

    assert ask("select count(*) from stays") == [(1,)]


def test_of_many_who_write_first_one_makes_the_table_and_all_write_into_it(write, url, ask):
    clips = [f"clip-{number}" for number in range(8)]
    start = Barrier(len(clips))

    def write_one(clip):
        start.wait()
        return write(url, *(row(second, 1, clip) for second in range(50)))

    with ThreadPoolExecutor(len(clips)) as threads:
        failures = [failed for _, failed in threads.map(write_one, clips)]

    assert failures == [{}] * len(clips)
    assert ask("select clip, count(*) from stays group by clip order by clip") == [
        (clip, 50) for clip in clips
    ]


def test_what_is_missing_is_null_but_a_row_without_a_key_fails_alone(write, url, ask):
    _, failed = write(url, ("a", 0, np.nan, np.nan, -1, np.nan), (None, 1, 2, 0, 0, MOMENT))

    assert failed == {1: "`clip`, by which the row would be written, is missing."}
    assert ask('select clip, cars, "full", light, at from stays') == [("a", None, None, None, None)]


def test_no_rows_need_no_database(write):
    passed, _ = write("postgresql://ann:secret@127.0.0.1:1/shop")

    assert len(passed["clip"]) == 0


def test_names_that_look_like_sql_are_names(write, url, ask):
    fields = {'a"b;c': Field(type=FieldType.NUMBER), "x' or 1": Field(type=FieldType.NUMBER)}

    write(url, (1, 2), fields=fields, table='s"t;', key=['a"b;c'])

    assert ask('select "x\' or 1" from "s""t;"') == [(2,)]


def test_a_table_that_lacks_a_column_or_whose_key_is_not_unique_is_refused(write, url, ask):
    ask("create table stays (clip varchar(9), second float, cars integer)")
    with pytest.raises(InvalidInput, match='column "full": is missing'):
        write(url, row(0, 1))

    fields = {name: FIELDS[name] for name in ("clip", "second", "cars")}
    with pytest.raises(InvalidInput, match='columns "clip", "second": is neither'):
        write(url, ("a", 0, 1), fields=fields)

    ask("create unique index once on stays (second, clip)")
    write(url, ("a", 0, 1), fields=fields)
    assert ask("select * from stays") == [("a", 0, 1)]


def test_what_the_table_refuses_leaves_it_as_it_was(write, url, ask):
    fields = {name: FIELDS[name] for name in ("clip", "second", "cars")}
    ask(
        "create table stays (clip varchar(9), second float, cars integer check (cars < 9),"
        " primary key (clip, second))"
    )

    with pytest.raises(InvalidData, match="table stays does not take"):
        write(url, ("a", 0, 1), ("a", 1, 10), fields=fields)

    assert ask("select * from stays") == []


def test_a_database_that_is_away_is_unavailable_and_no_password_is_told(write):
    with pytest.raises(Unavailable) as caught:
        write("postgresql://ann:secret@127.0.0.1:1/shop", row(0, 1), timeout_s=2)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("wrong", ["nonsense", "sqlite://", "klingon://x/y"])
def test_what_is_no_database_is_a_mistake_of_the_flow(write, wrong):
    with pytest.raises(InvalidConfiguration):
        write(wrong, row(0, 1))


def test_a_key_that_is_no_input_is_told_when_the_flow_is_read(write):
    with pytest.raises(InvalidConfiguration, match=r"key/1: 'bay' is none of the inputs"):
        write("sqlite:///shop.db", row(0, 1), key=["clip", "bay"])
