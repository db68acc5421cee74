"""Reading training data whole."""

import numpy as np
import pandas as pd
import pytest
from posing import posed

from minerva.errors import InvalidData
from minerva.layers.abstraction.training.data import nothing, read_training_data

NUMBER = {"type": "number"}
PLAN = {"type": "category", "values": ["tin", "gold"]}


def problem_of(inputs=None, output=None, **more):
    """Return a problem with a text and a number as inputs, unless told otherwise."""
    inputs = inputs or {"x": NUMBER, "note": {"type": "text", "nullable": True}}
    return posed(output or {"y": NUMBER}, inputs, **more)


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


def fingerprint(*frames, problem=None) -> str:
    """Return the fingerprint of what is read."""
    return read_training_data(Frames(*frames), problem or problem_of()).fingerprint


def test_chunks_become_one_table():
    whole = frame()

    read = read_training_data(Frames(whole[:7], whole[7:8], whole[8:]), problem_of())

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

    assert fingerprint(plans, problem=problem_of({"x": PLAN})) != fingerprint(
        metals, problem=problem_of({"x": leaden})
    )


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_too_few_rows_teach_nothing(rows):
    with pytest.raises(InvalidData, match=f"has {rows} rows; at least 20 are needed"):
        read_training_data(Frames(frame(rows)), problem_of())


def test_an_empty_csv_has_too_few_rows():
    with pytest.raises(InvalidData, match="has 0 rows"):
        read_training_data(Frames(frame(0).astype(str)), problem_of(output={"y": PLAN}))


@pytest.mark.parametrize(
    ("output", "truth"),
    [(NUMBER, [1.5] * 30), (PLAN, ["gold"] * 30), ({"type": "boolean"}, ["yes"] * 30)],
)
def test_a_truth_that_is_always_the_same_teaches_nothing(output, truth):
    with pytest.raises(InvalidData, match="Every row of the training data has the same 'y'"):
        read_training_data(Frames(frame(y=truth)), problem_of(output={"y": output}))


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
        read_training_data(Frames(frame(y=truth)), problem_of(output={"y": output}))

    assert caught.value.faults[0].where == 'column "y", row 25'


def test_rows_are_counted_across_chunks():
    bad = frame(10, x=[*range(9), "nine"])

    with pytest.raises(InvalidData) as caught:
        read_training_data(Frames(frame(20), bad), problem_of())

    assert [str(fault) for fault in caught.value.faults] == ['column "x", row 30: is not a number']


def test_a_decimal_comma_is_understood_where_it_is_declared():
    cells = frame(x=[f"1.{n:03},5" for n in range(30)], y=["1,5", "2"] * 15)

    read = read_training_data(Frames(cells), problem_of({"x": NUMBER}), decimal=",")

    assert read.data.inputs["x"][2] == 1002.5


def test_algorithms_without_data_get_no_rows():
    schema = problem_of().schema
    read = nothing(schema)

    assert len(read.data) == 0
    assert read.fingerprint == nothing(schema).fingerprint


def test_classes_that_differ_in_every_row_teach_nothing():
    codes = [f"C-{number}" for number in range(30)]
    problem = problem_of(output={"y": {"type": "category", "values": codes}})

    with pytest.raises(InvalidData, match="No two rows") as caught:
        read_training_data(Frames(frame(y=codes)), problem)

    (fault,) = caught.value.faults
    assert fault.where == 'column "y"'
    assert "identifier" in fault.message


SHAPES = {
    "semi-supervised": PLAN,
    "clustering": {"type": "integer"},
    "anomaly-detection": {"type": "boolean"},
}


def test_some_rows_may_lack_the_truth_where_the_kind_of_problem_says_so():
    truth = ["tin", "gold", ""] * 10

    read = read_training_data(
        Frames(frame(y=truth)), problem_of(output={"y": PLAN}, kind="semi-supervised")
    )

    assert read.data.target().tolist() == [0, 1, -1] * 10


def test_what_is_known_must_differ_all_the_same():
    with pytest.raises(InvalidData, match="has the same 'y'"):
        read_training_data(
            Frames(frame(y=["tin", None] * 15)),
            problem_of(output={"y": PLAN}, kind="semi-supervised"),
        )


@pytest.mark.parametrize("kind", ["clustering", "anomaly-detection"])
def test_truth_that_nobody_needs_may_be_left_out(kind):
    read = read_training_data(
        Frames(frame().drop(columns="y")), problem_of(output={"y": SHAPES[kind]}, kind=kind)
    )

    assert len(read.data) == 30
    assert np.isnan(read.data.target()).all()


@pytest.mark.parametrize("kind", SHAPES)
def test_a_truth_that_is_there_must_fit_whoever_needs_it(kind):
    with pytest.raises(InvalidData, match="contradicts the schema"):
        read_training_data(
            Frames(frame(y=["nonsense"] * 30)), problem_of(output={"y": SHAPES[kind]}, kind=kind)
        )


MONTH = {"type": "timestamp", "use": False, "nullable": True}
BY_MONTH = {"training": {"split": {"by": "time", "field": "month"}}}


def test_rows_are_held_out_by_an_input_that_no_model_sees():
    months = [f"2026-01-{day:02}" for day in range(1, 31)]

    read = read_training_data(
        Frames(frame(month=months)), problem_of({"x": NUMBER, "month": MONTH}, **BY_MONTH)
    )

    assert read.data.inputs.columns.keys() == {"x"}
    assert np.diff(read.by).tolist() == [86_400.0] * 29
    assert read.take(np.array([3])).by.tolist() == [read.by[3]]


def test_rows_are_held_out_by_the_key():
    split = {"training": {"split": {"by": "group", "field": "who"}}}
    problem = problem_of({"x": NUMBER}, schema={"key": "who"}, **split)

    read = read_training_data(Frames(frame(who=["ann", "bob"] * 15)), problem)

    assert read.by.tolist() == ["ann", "bob"] * 15


@pytest.mark.parametrize(
    ("way", "inputs", "gap"),
    [
        ("time", {"month": MONTH}, None),
        ("group", {"month": {"type": "text", "nullable": True}}, ""),
        ("group", {"month": {**PLAN, "nullable": True}}, ""),
        ("group", {}, None),
    ],
)
def test_a_row_that_does_not_tell_its_time_or_group_is_named(way, inputs, gap):
    good = "gold" if "values" in inputs.get("month", {}) else "2026-01-01"
    split = {"training": {"split": {"by": way, "field": "month"}}}
    problem = problem_of(
        {"x": NUMBER, **inputs}, schema={} if inputs else {"key": "month"}, **split
    )

    with pytest.raises(InvalidData, match="Rows are held out by") as caught:
        read_training_data(Frames(frame(month=[good] * 20 + [gap] + [good] * 9)), problem)

    assert [str(fault) for fault in caught.value.faults] == ['column "month", row 21: is empty']


def test_some_truth_is_needed_where_some_rows_may_lack_it():
    with pytest.raises(InvalidData, match="No row of the training data holds 'y'"):
        read_training_data(
            Frames(frame().drop(columns="y")),
            problem_of(output={"y": PLAN}, kind="semi-supervised"),
        )
