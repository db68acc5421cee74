"""What a runner reads: every type as JSON has it, null where missing."""

import json

import msgspec
import numpy as np
import pytest

from minerva import Schema, TrainingData
from minerva.layers.application.command import records
from minerva.layers.application.command.records import columns_of, told_schema, write_training_file
from minerva.schema import Decoder

DECLARED = {
    "key": "customer",
    "inputs": {
        "n": {"type": "number", "minimum": 0, "nullable": True, "unit": "EUR", "pii": True},
        "i": {"type": "integer", "nullable": True, "default": 3},
        "b": {"type": "boolean", "nullable": True},
        "c": {"type": "category", "values": ["a", 7], "nullable": True},
        "t": {"type": "timestamp", "nullable": True},
        "s": {"type": "text", "nullable": True},
        "unused": {"type": "number", "use": False, "nullable": True},
    },
    "output": {"y": {"type": "category", "values": [1, 2], "nullable": True}},
}
FULL = {
    "customer": "k1",
    "n": 1.5,
    "i": 2,
    "b": True,
    "c": 7,
    "t": "1970-01-01T00:00:01.5Z",
    "s": "ü",
    "unused": 1,
}
EMPTY = {"customer": "k2", **dict.fromkeys(DECLARED["inputs"])}


@pytest.fixture
def batch():
    return Decoder(Schema.parse(DECLARED)).records([FULL, EMPTY])


def as_json(value):
    return json.loads(msgspec.json.encode(value))


def test_columns_hold_values_in_the_users_own_terms(batch):
    assert as_json(columns_of(batch)) == {
        "n": [1.5, None], "i": [2, None], "b": [True, None], "c": [7, None], "t": [1.5, None], "s": ["ü", None],
    }  # fmt: skip


def test_a_whole_number_is_written_as_one(batch):
    assert [type(value) for value in columns_of(batch)["i"]] == [int, type(None)]


def test_the_key_and_unused_inputs_are_nowhere(batch, tmp_path):
    data = TrainingData(batch, {"y": np.array([1, -1], np.int32)})
    file = tmp_path / "data.ndjson"

    write_training_file(data, file)

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0] == {
        "inputs": {"n": 1.5, "i": 2, "b": True, "c": 7, "t": 1.5, "s": "ü"},
        "output": {"y": 2},
    }
    assert lines[1] == {"inputs": dict.fromkeys("nibcts"), "output": {"y": None}}


def test_many_records_are_written_part_by_part(batch, tmp_path):
    many = records.ROWS_AT_ONCE * 2 + 1
    rows = np.arange(many) % 2
    data = TrainingData(batch.take(rows), {"y": rows.astype(np.int32)})
    file = tmp_path / "data.ndjson"

    write_training_file(data, file)

    lines = file.read_text().splitlines()
    assert len(lines) == many
    assert lines[-1] == lines[0] != lines[1]


def test_the_schema_is_told_without_what_concerns_only_us():
    told = told_schema(Schema.parse(DECLARED))

    assert [field["name"] for field in told["inputs"]] == list("nibcts")
    assert told["inputs"][0] == {
        "name": "n", "type": "number", "unit": "EUR", "minimum": 0, "nullable": True,
    }  # fmt: skip
    assert told["output"] == [{"name": "y", "type": "category", "nullable": True, "values": [1, 2]}]
