"""Answers are profiled at training by the same names by which recorded ones are compared."""

import json

import msgspec
import numpy as np
import pytest

from minerva.layers.abstraction.drift.answers import (
    output_fields,
    output_profiles,
    recorded_columns,
)
from minerva.layers.abstraction.drift.comparison import Seen, compare
from minerva.layers.abstraction.serving.answers import Answers
from minerva.schema import Batch, Schema

CASES = {
    "two classes": (
        {"type": "category", "values": ["No", "Yes"]},
        np.array([[0.9, 0.1], [0.2, 0.8]]),
        {"y": [0, 1], "y_probabilities.Yes": [0.1, 0.8]},
    ),
    "three classes": (
        {"type": "category", "values": [1, 2, 3]},
        np.array([[0.9, 0.1, 0.0], [0.0, 0.2, 0.8]]),
        {"y": [0, 2]},
    ),
    "labels": ({"type": "category", "values": ["No", "Yes"]}, np.array([0, 1]), {"y": [0, 1]}),
    "a boolean": ({"type": "boolean"}, np.array([0.1, 0.8]), {"y": [0, 1], "y_probability": [0.1, 0.8]}),
    "a number": ({"type": "number"}, np.array([1.5, 2.5]), {"y": [1.5, 2.5]}),
    "personal": ({"type": "number", "pii": True}, np.array([1.5, 2.5]), {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_recorded_answers_have_the_columns_that_the_profile_has(case):
    output, predicted, expected = CASES[case]
    schema = Schema.parse({"inputs": {"x": {"type": "number"}}, "output": {"y": output}})
    answers = Answers.of(Batch(schema, {}, 2), {"y": predicted})

    profiled = [one.name for one in output_profiles(answers)]
    rows = json.loads(msgspec.json.encode(answers.rows()))
    recorded = {name: column.tolist() for name, _, column in recorded_columns(schema, rows)}

    assert profiled == list(expected)
    assert {name: recorded[name] for name in profiled} == expected
    assert set(profiled) <= set(output_fields(schema))


def test_an_answer_that_is_not_there_is_missing():
    schema = Schema.parse(
        {
            "inputs": {"x": {"type": "number"}},
            "output": {"y": {"type": "category", "values": ["a", "b"]}},
        }
    )

    columns = {name: column for name, _, column in recorded_columns(schema, [{}, {"y": "b"}])}

    assert columns["y"].tolist() == [-1, 1]
    assert np.isnan(columns["y_probabilities.b"]).all()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_answers_that_differ_in_their_last_places_only_are_no_drift(generator, scale):
    schema = Schema.parse(
        {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}}
    )
    steps = generator.choice([1.1, 2.3, 3.7], size=1000) * scale
    (profile,) = output_profiles(Answers.of(Batch(schema, {}, 1000), {"y": steps}))

    for factor in (1 - 1e-7, 1.0, 1 + 1e-7):
        seen = Seen(profile, schema.output["y"], steps[:400] * factor)
        (found,) = compare([seen], 0.2, 0.01)
        assert (found.psi < 0.05, found.unseen) == (True, 0)
