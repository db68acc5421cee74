"""Made-up values fit what they are made for."""

import pytest

from minerva.schema import Decoder, Field, FieldType, Schema
from minerva.schema.example import example_record, example_value


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "integer"},
        {"type": "integer", "minimum": 0.5},
        {"type": "integer", "maximum": -0.5},
        {"type": "integer", "minimum": -3.5, "maximum": -2.5},
        {"type": "number", "minimum": 2.5, "maximum": 2.6},
        {"type": "number", "maximum": -1},
        {"type": "boolean"},
        {"type": "category", "values": ["only"]},
        {"type": "text"},
        {"type": "timestamp"},
        {"type": "number", "default": 3.5},
        {"type": "category", "values": ["a", "b"], "default": "b"},
    ],
)
def test_an_example_fits_its_field(declared):
    schema = Schema.parse({"inputs": {"x": declared}, "output": {"y": {"type": "number"}}})

    assert len(Decoder(schema).records([example_record(schema)])) == 1
    assert example_record(schema) == example_record(schema)


def test_an_example_is_the_default_where_there_is_one():
    assert example_value(Field(type=FieldType.NUMBER, default=3.5)) == 3.5


def test_an_example_that_is_declared_is_taken_before_the_default():
    assert example_value(Field(type=FieldType.NUMBER, default=3.5, example=0.0)) == 0.0
