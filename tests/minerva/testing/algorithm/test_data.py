"""Made-up records fit whatever schema a service declares, and hold something to learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva import InvalidData, Schema
from minerva.schema import Decoder
from minerva.testing.algorithm.case import make_case
from minerva.testing.algorithm.data import (
    inputs_of,
    made_up_records,
    made_up_schema,
    training_data,
    with_last_value_unseen,
)

BOUNDS = st.one_of(st.none(), st.integers(-1000, 1000))


@st.composite
def fields(draw):
    kind = draw(st.sampled_from(["integer", "number", "boolean", "category", "text", "timestamp"]))
    field = {"type": kind, "nullable": draw(st.booleans())}
    if kind in {"integer", "number"}:
        low, high = draw(BOUNDS), draw(BOUNDS)
        if low is not None and high is not None:
            low, high = min(low, high), max(low, high)
        field |= {"minimum": low, "maximum": high}
    if kind == "category":
        field["values"] = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True))
    return field


@given(st.lists(fields(), min_size=1, max_size=5), st.sampled_from(["category", "number"]))
@settings(max_examples=60, deadline=None)
def test_made_up_records_fit_their_schema(inputs, output):
    declared = {
        "inputs": {f"f{number}": field for number, field in enumerate(inputs)},
        "output": {"y": dict(made_up_schema(output).to_json()["output"][0], name=None)},
    }
    declared["output"]["y"].pop("name")
    schema = Schema.parse(declared)

    records = made_up_records(schema, 30)

    assert len(Decoder(schema).records(inputs_of(schema, records))) == 30


@pytest.mark.parametrize("output", ["category", "number", "boolean", "integer"])
def test_the_truth_depends_on_the_inputs(output):
    schema = made_up_schema(output)

    data = training_data(schema, made_up_records(schema))

    score = np.nan_to_num(data.inputs["amount"]) / 100
    assert np.corrcoef(score, data.target())[0, 1] > 0.2


def test_the_same_seed_gives_the_same_records():
    schema = made_up_schema("number")

    assert made_up_records(schema, seed=3) == made_up_records(schema, seed=3)
    assert made_up_records(schema, seed=3) != made_up_records(schema, seed=4)


def test_the_last_value_of_a_category_can_be_kept_from_training():
    schema = made_up_schema("category")
    records = made_up_records(schema)

    without_inputs = with_last_value_unseen(schema, records, "inputs")
    without_outputs = with_last_value_unseen(schema, records, "output")

    assert {one["kind"] for one in without_inputs} == {"a", "b"}
    assert {one["answer"] for one in without_inputs} == {"low", "middle", "high"}
    assert {one["answer"] for one in without_outputs} == {"low", "middle"}


@pytest.mark.parametrize("data", [[], [{"x": 1}], [{"x": 1, "y": None}]])
def test_data_without_outputs_is_refused(data):
    from minerva.layers.application.constant import Constant

    schema = Schema.parse(
        {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}}
    )

    with pytest.raises(InvalidData, match="give inputs and outputs together"):
        make_case(Constant(), schema=schema, data=data)
