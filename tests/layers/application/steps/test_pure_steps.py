"""The small steps without I/O: clean, filter, summary, rank, join, threshold."""

import msgspec
import numpy as np
import pytest

from minerva import Field, InvalidConfiguration, Items, StepContext
from minerva.layers.application.steps.clean import Clean, CleanParameters
from minerva.layers.application.steps.filter import Filter
from minerva.layers.application.steps.join import Join
from minerva.layers.application.steps.rank import Rank
from minerva.layers.application.steps.summary import Summary
from minerva.layers.application.steps.threshold import Threshold

NUMBER = Field(type="number", nullable=True)
COLOUR = Field(type="category", values=("red", "blue"))


def made(step, fields, columns, of=None, records=None, **parameters):
    """What a step makes of some columns."""
    arrays = {
        name: np.array(column, dtype=object if fields[name].type == "text" else None)
        for name, column in columns.items()
    }
    rows = len(next(iter(arrays.values())))
    items = Items.single(fields, arrays, rows)
    if of is not None:
        items = Items(fields, arrays, np.array(of, dtype=np.intp), records)
    told = msgspec.convert(parameters, step.Parameters)
    outputs = step.outputs(fields, told)
    context = StepContext(parameters=told, fields=outputs, workspace=None, volume=None)
    result = step.run(items, context)
    columns = getattr(result, "columns", result)
    assert set(columns) == set(outputs)
    return result


def test_gaps_are_filled_and_numbers_kept_within_their_range():
    fields = {"x": Field(type="number", minimum=0, maximum=10, nullable=True), "c": COLOUR}

    cleaned = made(Clean(), fields, {"x": [np.nan, -5, 11, 3], "c": [0, 1, 0, 1]}, fill={"x": 4})

    assert cleaned["x"].tolist() == [4, 0, 10, 3]
    assert cleaned["c"].tolist() == [0, 1, 0, 1]
    assert not Clean().outputs(fields, CleanParameters(fill={"x": 1}))["x"].nullable


def test_what_is_no_number_cannot_be_filled():
    with pytest.raises(InvalidConfiguration) as failed:
        Clean().outputs({"c": COLOUR}, CleanParameters(fill={"c": 1, "d": 1}))

    assert [one.where for one in failed.value.faults] == [
        "/parameters/fill/c",
        "/parameters/fill/d",
    ]


def test_rows_pass_a_filter_whose_values_lie_where_they_should():
    fields = {"x": NUMBER, "c": COLOUR}
    keep = {"x": {"minimum": 1, "maximum": 5}, "c": {"values": ["red"]}}

    spread = made(
        Filter(), fields, {"x": [0, 1, 5, 6, np.nan, 3], "c": [0, 0, 0, 0, 0, 1]}, keep=keep
    )

    assert spread.of.tolist() == [1, 2]
    assert spread.columns["x"].tolist() == [1, 5]


@pytest.mark.parametrize(
    ("keep", "told"),
    [
        ({"y": {"minimum": 1}}, "unknown"),
        ({"c": {"minimum": 1}}, "only a number has minimum and maximum"),
        ({"x": {}}, "needs either minimum and maximum, or values"),
        ({"c": {"values": ["rad"]}}, "did you mean 'red'?"),
    ],
)
def test_a_filter_that_makes_no_sense_is_told(keep, told):
    wanted = msgspec.convert({"keep": keep}, Filter.Parameters)

    with pytest.raises(InvalidConfiguration) as failed:
        Filter().outputs({"x": NUMBER, "c": COLOUR}, wanted)

    assert told in failed.value.faults[0].message


def test_rows_are_summed_up_for_each_record():
    fields = {"x": NUMBER, "yes": Field(type="boolean")}
    make = {
        "rows": {"how": "count"},
        "known": {"how": "count", "of": "x"},
        "yes": {"how": "count", "of": "yes"},
        "total": {"how": "sum", "of": "x"},
        "mean": {"how": "mean", "of": "x"},
        "low": {"how": "least", "of": "x"},
        "high": {"how": "most", "of": "x"},
    }

    told = made(
        Summary(), fields, {"x": [1, 3, np.nan, 8], "yes": [1, 0, 1, 1]},
        of=[0, 0, 0, 2], records=3, make=make, without_rows=-1,
    )  # fmt: skip

    assert {name: column.tolist() for name, column in told.items()} == {
        "rows": [3, 0, 1],
        "known": [2, 0, 1],
        "yes": [2, 0, 1],
        "total": [4, 0, 8],
        "mean": [2, -1, 8],
        "low": [1, -1, 8],
        "high": [3, -1, 8],
    }


@pytest.mark.parametrize(
    "make", [{"how": "sum"}, {"how": "sum", "of": "c"}, {"how": "mean", "of": "y"}]
)
def test_a_summary_of_what_cannot_be_added_up_is_told(make):
    wanted = msgspec.convert({"make": {"n": make}}, Summary.Parameters)

    with pytest.raises(InvalidConfiguration):
        Summary().outputs({"x": NUMBER, "c": COLOUR}, wanted)


def test_the_highest_is_first_and_shares_add_up_to_one():
    fields = {"sea": NUMBER, "hill": NUMBER}

    ranked = made(Rank(), fields, {"sea": [1, 0, -3, np.nan], "hill": [3, 0, 2, 1]})

    assert ranked["first"].tolist() == [1, 0, 1, 1]
    assert ranked["first.sea"].tolist() == [0.25, 0.5, 0, 0]
    assert (ranked["first.sea"] + ranked["first.hill"]).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("fields", [{"x": NUMBER}, {"x": NUMBER, "c": COLOUR}, {}])
def test_a_ranking_needs_two_numbers(fields):
    with pytest.raises(InvalidConfiguration):
        Rank().outputs(fields, Rank.Parameters())


def test_what_is_joined_stays_as_it_is():
    fields = {"x": NUMBER, "y": NUMBER}

    assert made(Join(), fields, {"x": [1.0], "y": [2.0]}) == {
        "x": np.array([1.0]),
        "y": np.array([2.0]),
    }


def test_a_number_reaches_a_limit_or_does_not():
    reached = made(Threshold(), {"value": NUMBER}, {"value": [0.4, 0.5, np.nan]}, at_least=0.5)

    assert reached["reached"].tolist() == [0, 1, 0]
