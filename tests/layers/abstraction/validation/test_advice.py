"""What a person who is no expert should know of the data."""

import numpy as np

from minerva.algorithm import TrainingData
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.validation.advice import advise
from minerva.layers.abstraction.validation.report import look
from minerva.schema import Decoder

ROWS = 200
INPUTS = {"size": {"type": "number"}, "at": {"type": "timestamp"}}


def advice(rows=ROWS, truth=None, values=("no", "yes"), algorithm="xgboost.classifier", **parts):
    """Return about → what is said of a service with so many rows."""
    schema = {"inputs": {**INPUTS, **parts.pop("inputs", {})},
              "output": {"late": {"type": "category", "values": list(values)}}}  # fmt: skip
    declaration = parse({"service": "a", "algorithm": algorithm, "schema": schema, **parts})
    records = [
        {"size": float(n * 7 % 31), "at": f"2026-01-{n % 28 + 1:02d}", **dict.fromkeys(inputs_of(schema), "a")}
        for n in range(rows)
    ]  # fmt: skip
    codes = np.arange(rows) * 7 % 13 % 2 if truth is None else np.asarray(truth)
    data = TrainingData(Decoder(declaration.schema).records(records), {"late": codes})
    return {one.about: one for one in advise(declaration, data, look(data, None))}


def inputs_of(schema):
    """Return the inputs beside the two that there always are."""
    return [name for name in schema["inputs"] if name not in INPUTS]


BY_TIME = {"training": {"split": {"by": "time", "field": "at"}}}


def test_rows_that_have_a_time_should_be_held_out_by_it():
    assert "split: {by: time, field: at}" in advice()["at"].todo
    assert "at" not in advice(**BY_TIME)


def test_few_rows_for_many_inputs_are_told_unless_the_model_is_simple():
    wide = {"plan": {"type": "category", "values": [*map(str, range(40)), "a"]}}

    assert "200 rows are few for 42 inputs" in advice(inputs=wide)["rows"].says
    assert "rows" not in advice(inputs=wide, algorithm="linear.classifier")


def test_an_answer_of_few_rows_or_none_is_told_once():
    truth = [1] * 5 + [0] * (ROWS - 5)

    told = advice(truth=truth, values=("no", "yes", "maybe"))

    assert told["answer yes"].says.startswith("'yes' is the answer of 5 rows only")
    assert told["answer maybe"].says.startswith("No row has the answer 'maybe'")


def test_what_the_report_finds_odd_comes_with_what_to_do():
    constant = {"plan": {"type": "category", "values": ["a", "b"]}}

    assert "use: false" in advice(inputs=constant)["plan"].todo


def test_sound_data_needs_no_advice():
    assert advice(**BY_TIME) == {}
