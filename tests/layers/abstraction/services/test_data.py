"""What a declaration says about rows by key and time must fit the schema."""

import pytest

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.services.parsing import parse

SEQUENCE = {"key": "who", "time": "at", "columns": ["load"], "window": 3}


def declared(window=3, **sequence):
    return {
        "service": "leaving",
        "algorithm": "recurrent.classifier",
        "schema": {
            "inputs": {
                "at": {"type": "timestamp", "use": False},
                "shop": {"type": "category", "values": ["a"]},
                "load": {"type": "number", "window": window},
            },
            "output": {"gone": {"type": "boolean"}},
        },
        "data": {"source": "csv", "path": "rows.csv", "sequence": {**SEQUENCE, **sequence}},
    }


def faults(value):
    with pytest.raises(InvalidConfiguration) as caught:
        parse(value)
    return {fault.where: fault.message for fault in caught.value.faults}


def test_a_sequence_is_read_and_written_back():
    declaration = parse(declared(per="key", at_least=2))

    assert declaration.data.sequence.names("load") == ["load_1", "load_2", "load_3"]
    assert parse(declaration.to_json()) == declaration


@pytest.mark.parametrize(("at_least", "needed"), [(None, 3), (2, 2), (9, 3)])
def test_a_record_never_needs_more_rows_than_its_window(at_least, needed):
    assert parse(declared(at_least=at_least)).data.sequence.needed == needed


def test_a_column_whose_values_have_no_input_is_pointed_at():
    told = faults(declared(window=2))

    assert told == {
        "/data/sequence/columns/0": "the schema has no input 'load_3': give 'load' `window: 3`"
    }


def test_a_time_that_is_no_input_is_pointed_at():
    assert "did you mean 'at'?" in faults(declared(time="att"))["/data/sequence/time"]


def test_a_time_without_an_order_is_pointed_at():
    told = faults(declared(time="shop"))

    assert told == {"/data/sequence/time": "is of type category, which has no order in time"}


def test_rows_that_are_shared_out_cannot_be_put_in_sequence():
    value = {**declared(per="key"), "training": {"engine": "dask://cluster:8786"}}

    assert faults(value) == {
        "/data/sequence": "puts all rows in order in one place: leave `training.engine` out"
    }
