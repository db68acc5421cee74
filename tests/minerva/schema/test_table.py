"""Tables: missing columns and cells, ranges, rows, keys and targets."""

import math

import numpy as np
import pandas as pd
import pytest

from minerva.errors import InvalidData
from minerva.schema import Decoder, Schema
from minerva.schema.table import TableReader


def faults(call) -> dict[str, str]:
    """Return where → what is wrong."""
    with pytest.raises(InvalidData) as caught:
        call()
    return {fault.where: fault.message for fault in caught.value.faults}


YES_NO = {"type": "category", "values": ["No", "Yes"]}


@pytest.mark.parametrize(
    "cell", ["", "  ", "NA", "NaN", "null", "None", None, math.nan, pd.NA, pd.NaT]
)
def test_a_required_cell_may_not_be_empty(read, cell):
    found = faults(lambda: read({"type": "number"}, pd.Series([cell], dtype=object)))

    assert found == {'column "x", row 1': "is empty, but the field is not nullable"}


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ({"type": "integer", "default": 3}, 3),
        ({"type": "number", "default": 0.5}, 0.5),
        ({"type": "boolean", "default": False}, False),
        ({**YES_NO, "default": "Yes"}, "Yes"),
        ({"type": "text", "default": "none given"}, "none given"),
        ({"type": "timestamp", "default": "2026-01-01"}, "2026-01-01T00:00:00.000000Z"),
    ],
)
def test_a_default_stands_for_an_empty_cell_and_for_a_missing_column(read, schema, field, default):
    assert read(field, ["", None]) == [default, default]

    absent = TableReader(schema(field)).batch(pd.DataFrame({"z": [1, 2]}))

    assert [record["x"] for record in absent.to_records()] == [default, default]


def test_an_empty_cell_of_a_nullable_field_stays_empty_as_null_does_in_json(read, schema):
    """Else a model would learn from other values than it is asked with."""
    field = {"type": "integer", "nullable": True, "default": 3}

    assert read(field, ["", "5"]) == [None, 5]
    assert Decoder(schema(field)).records([{"x": None}]).to_records() == [{"x": None}]


@pytest.mark.parametrize(
    ("field", "missing"),
    [
        ({"type": "number", "nullable": True}, [None, None]),
        ({**YES_NO, "nullable": True}, [None, None]),
        ({"type": "text", "nullable": True}, [None, None]),
        ({"type": "timestamp", "nullable": True}, [None, None]),
    ],
)
def test_a_missing_column_of_a_nullable_field_is_empty(schema, field, missing):
    absent = TableReader(schema(field)).batch(pd.DataFrame({"z": [1, 2]}))

    assert [record["x"] for record in absent.to_records()] == missing


def test_missing_columns_are_named(schema):
    frame = pd.DataFrame({"z": [1]})

    assert faults(lambda: TableReader(schema({"type": "number"})).batch(frame)) == {
        'column "x"': "is missing from the data"
    }
    assert faults(lambda: TableReader(schema({"type": "number"})).targets(frame)) == {
        'column "y"': "is missing from the data"
    }


def test_a_column_that_stands_there_twice_is_refused(schema):
    frame = pd.DataFrame([[1, 2]], columns=["x", "x"])

    assert faults(lambda: TableReader(schema({"type": "number"})).batch(frame)) == {
        'column "x"': "stands there more than once"
    }


def test_unused_fields_are_not_looked_at(schema):
    unused = schema({"type": "number"})
    both = Schema.parse(
        {
            "inputs": {"x": {"type": "number"}, "note": {"type": "number", "use": False}},
            "output": {"y": {"type": "number"}},
        }
    )

    batch = TableReader(both).batch(pd.DataFrame({"x": [1.0], "note": ["no number"]}))

    assert tuple(batch.columns) == tuple(unused.features)


@pytest.mark.parametrize("dtype", [np.float64, str, "Float64"])
def test_values_out_of_range_are_named_by_their_row_in_the_whole_table(schema, dtype):
    reader = TableReader(schema({"type": "number", "minimum": 0, "maximum": 10, "unit": "USD"}))
    frame = pd.DataFrame({"x": pd.Series(["1", "-1", "11"]).astype(dtype)})

    assert faults(lambda: reader.batch(frame, first_row=50_001)) == {
        'column "x", row 50002': "is below the minimum of 0 USD",
        'column "x", row 50003': "is above the maximum of 10 USD",
    }


def test_at_most_twenty_faults_are_told_and_they_are_the_first(read):
    cells = ["1"] * 7 + ["", "bad", "-1"] * 20

    found = faults(lambda: read({"type": "number", "minimum": 0}, cells, str))

    assert list(found) == [f'column "x", row {row}' for row in range(8, 28)]
    assert list(found.values())[:3] == [
        "is empty, but the field is not nullable",
        "is not a number",
        "is below the minimum of 0",
    ]


@pytest.mark.parametrize(
    "field",
    [{"type": "number"}, {"type": "boolean"}, YES_NO, {"type": "text"}, {"type": "timestamp"}],
)
@pytest.mark.parametrize("dtype", [object, str, np.float64])
def test_a_table_without_rows_has_its_columns(read, field, dtype):
    assert read(field, [], dtype) == []


def test_keys_are_kept_as_the_table_has_them(schema):
    keyed = schema({"type": "number"}, key="id")
    frame = pd.DataFrame({"x": [1.0, 2.0], "id": ["a", "b"]})

    assert TableReader(keyed).batch(frame).keys == ["a", "b"]
    assert TableReader(keyed).batch(frame[["x"]]).keys == [None, None]
    assert TableReader(schema({"type": "number"})).batch(frame).keys is None


def test_targets_are_codes_or_numbers():
    schema = Schema.parse(
        {
            "inputs": {"x": {"type": "number"}},
            "output": {"churn": YES_NO, "value": {"type": "number"}, "flag": {"type": "boolean"}},
        }
    )
    frame = pd.DataFrame({"churn": ["Yes", "No"], "value": ["1.5", "2"], "flag": ["y", "n"]})

    targets = TableReader(schema).targets(frame)

    assert {name: column.tolist() for name, column in targets.items()} == {
        "churn": [1, 0],
        "value": [1.5, 2.0],
        "flag": [1.0, 0.0],
    }
    assert targets["churn"].dtype == np.int32


def test_a_large_chunk_is_read_whole(schema):
    wide = Schema.parse(
        {
            "inputs": {f"f{n}": {"type": "number"} for n in range(4)} | {"plan": YES_NO},
            "output": {"y": {"type": "number"}},
        }
    )
    rows = 50_000
    cells = {f"f{n}": pd.Series([f"{n}.5"] * rows, dtype=str) for n in range(4)}
    frame = pd.DataFrame({**cells, "plan": ["Yes", "No"] * (rows // 2)})

    batch = TableReader(wide).batch(frame)

    assert len(batch) == rows
    assert batch["f3"].sum() == 3.5 * rows
    assert batch["plan"].sum() == rows // 2
