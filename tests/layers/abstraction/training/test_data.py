"""Reading training data whole."""

import pandas as pd
import pytest

from minerva.errors import InvalidData
from minerva.layers.abstraction.training.data import nothing, read_training_data
from minerva.schema import Schema

NUMBER = {"type": "number"}
PLAN = {"type": "category", "values": ["tin", "gold"]}


def schema_of(inputs=None, output=None) -> Schema:
    """Return a schema with a text and a number as inputs, unless told otherwise."""
    inputs = inputs or {"x": NUMBER, "note": {"type": "text", "nullable": True}}
    return Schema.parse({"inputs": inputs, "output": output or {"y": NUMBER}})


class Frames:
    """A source that yields these frames."""

    def __init__(self, *frames):
        self.given = frames

    def frames(self, chunk_rows):
        """Yield them."""
        assert chunk_rows > 0
        yield from self.given

    def lookup(self, keys):
        """Find nothing."""
        return [None for _ in keys]


def frame(rows=30, **columns) -> pd.DataFrame:
    """Return a frame of `rows` rows; `columns` replace its columns."""
    plain = {
        "x": [float(n) for n in range(rows)],
        "note": ["a"] * rows,
        "y": [float(n % 5) for n in range(rows)],
    }
    return pd.DataFrame({**plain, **columns})


def fingerprint(*frames, schema=None) -> str:
    """Return the fingerprint of what is read."""
    return read_training_data(Frames(*frames), schema or schema_of()).fingerprint


def test_chunks_become_one_table():
    whole = frame()

    read = read_training_data(Frames(whole[:7], whole[7:8], whole[8:]), schema_of())

    assert len(read.data) == 30
    assert read.data.inputs["x"].tolist() == whole["x"].tolist()
    assert read.data.target().tolist() == whole["y"].tolist()
    assert read.fingerprint == fingerprint(whole)


def test_equal_data_have_an_equal_fingerprint_however_they_are_written():
    texts = frame().astype(str)

    assert fingerprint(frame()) == fingerprint(texts)


@pytest.mark.parametrize(
    "other",
    [
        frame(x=[float(n) for n in range(29)] + [99.0]),
        frame(y=[float(n % 5) for n in range(29)] + [99.0]),
        frame(note=["a"] * 29 + [None]),
        frame(note=["a"] * 29 + ["null"]),
        frame(31),
        frame().iloc[::-1],
    ],
)
def test_other_data_have_another_fingerprint(other):
    assert fingerprint(other) != fingerprint(frame())


def test_texts_that_run_into_each_other_are_told_apart():
    assert fingerprint(frame(note=["a\x1fb", "c"] * 15)) != fingerprint(
        frame(note=["a", "b\x1fc"] * 15)
    )
    assert fingerprint(frame(note=["\x00"] * 30)) != fingerprint(frame(note=[None] * 30))


def test_the_same_codes_of_another_schema_are_other_data():
    plans = frame(x=["tin", "gold"] * 15)
    metals = frame(x=["lead", "gold"] * 15)
    leaden = {"type": "category", "values": ["lead", "gold"]}

    assert fingerprint(plans, schema=schema_of({"x": PLAN})) != fingerprint(
        metals, schema=schema_of({"x": leaden})
    )


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_too_few_rows_teach_nothing(rows):
    with pytest.raises(InvalidData, match=f"has {rows} rows; at least 20 are needed"):
        read_training_data(Frames(frame(rows)), schema_of())


def test_an_empty_csv_has_too_few_rows():
    with pytest.raises(InvalidData, match="has 0 rows"):
        read_training_data(Frames(frame(0).astype(str)), schema_of(output={"y": PLAN}))


@pytest.mark.parametrize(
    ("output", "truth"),
    [(NUMBER, [1.5] * 30), (PLAN, ["gold"] * 30), ({"type": "boolean"}, ["yes"] * 30)],
)
def test_a_truth_that_is_always_the_same_teaches_nothing(output, truth):
    with pytest.raises(InvalidData, match="Every row of the training data has the same 'y'"):
        read_training_data(Frames(frame(y=truth)), schema_of(output={"y": output}))


@pytest.mark.parametrize(
    ("output", "truth"),
    [
        ({**NUMBER, "nullable": True}, [1.0, 2.0] * 12 + [None] + [1.0] * 5),
        ({**PLAN, "nullable": True}, ["tin", "gold"] * 12 + [None] + ["tin"] * 5),
        (NUMBER, ["1", "2"] * 12 + [""] + ["1"] * 5),
    ],
)
def test_a_missing_truth_is_named_by_row(output, truth):
    with pytest.raises(InvalidData) as caught:
        read_training_data(Frames(frame(y=truth)), schema_of(output={"y": output}))

    assert caught.value.faults[0].where == 'column "y", row 25'


def test_rows_are_counted_across_chunks():
    bad = frame(10, x=[*range(9), "nine"])

    with pytest.raises(InvalidData) as caught:
        read_training_data(Frames(frame(20), bad), schema_of())

    assert [str(fault) for fault in caught.value.faults] == ['column "x", row 30: is not a number']


def test_a_decimal_comma_is_understood_where_it_is_declared():
    cells = frame(x=[f"1.{n:03},5" for n in range(30)], y=["1,5", "2"] * 15)

    read = read_training_data(Frames(cells), schema_of({"x": NUMBER}), decimal=",")

    assert read.data.inputs["x"][2] == 1002.5


def test_algorithms_without_data_get_no_rows():
    read = nothing(schema_of())

    assert len(read.data) == 0
    assert read.fingerprint == nothing(schema_of()).fingerprint
