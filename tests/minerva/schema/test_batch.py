"""A batch: typed columns, and how a model may look at them."""

import numpy as np
import pytest

from minerva.schema import Batch, Decoder, Schema
from minerva.schema.batch import TableColumns, concatenate

SCHEMA = Schema.parse(
    {
        "key": "id",
        "inputs": {
            "tenure": {"type": "integer", "nullable": True},
            "charge": {"type": "number", "nullable": True},
            "senior": {"type": "boolean", "nullable": True},
            "plan": {"type": "category", "values": ["month", 12], "nullable": True},
            "since": {"type": "timestamp", "nullable": True},
        },
        "output": {"y": {"type": "number"}},
    }
)
FULL = {
    "id": "a",
    "tenure": 3,
    "charge": 1.5,
    "senior": True,
    "plan": 12,
    "since": "1970-01-01T00:00:01.000001Z",
}
EMPTY = dict.fromkeys(FULL)
WITH_TEXT = Schema.parse(
    {"inputs": {"note": {"type": "text", "nullable": True}}, "output": {"y": {"type": "number"}}}
)


@pytest.fixture
def batch():
    """Three records; the second one holds nothing."""
    return Decoder(SCHEMA).records([FULL, EMPTY, {**FULL, "id": 3, "plan": "month", "tenure": 4}])


def test_records_are_told_as_a_caller_would_have_sent_them(batch):
    records = batch.to_records()

    assert records[:2] == [FULL, EMPTY]
    assert [type(value) for value in records[0].values()] == [int, float, bool, int, str, str]


def test_rows_are_taken_in_the_order_asked_for(batch):
    taken = batch.take(np.array([2, 0, 2]))

    assert taken.keys == [3, "a", 3]
    assert taken["tenure"].tolist() == [4, 3, 4]
    assert len(taken) == 3


def test_no_rows_can_be_taken(batch):
    assert batch.take(np.array([], dtype=int)).to_records() == []


def test_a_matrix_has_missing_values_as_nan(batch):
    matrix = batch.matrix()

    assert (matrix.shape, matrix.dtype) == ((3, 5), np.float32)
    np.testing.assert_array_equal(matrix[0], np.float32([3, 1.5, 1, 1, 1.000001]))
    assert np.isnan(matrix[1]).all()
    assert matrix[2, 3] == 0


def test_a_matrix_holds_no_infinity_for_what_a_float32_cannot_hold():
    """Algorithms refuse infinity, though the number was a valid one."""
    batch = Decoder(SCHEMA).records([{**EMPTY, "charge": 1e300}, {**EMPTY, "charge": -1e300}])

    column = batch.matrix()[:, 1]

    assert column.tolist() == [np.finfo(np.float32).max, np.finfo(np.float32).min]


def test_text_has_no_place_in_a_matrix():
    batch = Decoder(WITH_TEXT).records([{"note": "a"}])

    with pytest.raises(TypeError, match="'note' is text"):
        batch.matrix()


def test_a_frame_has_categories_as_categoricals(batch):
    frame = batch.to_pandas()

    assert list(frame.columns) == list(SCHEMA.features)
    assert frame["plan"].astype(object).where(frame["plan"].notna(), None).tolist() == [
        "12",
        None,
        "month",
    ]
    assert list(frame["plan"].cat.categories) == ["month", "12"]
    assert frame["charge"].tolist()[0] == 1.5
    assert frame.isna().loc[1].all()


def test_text_that_is_missing_stays_missing_in_a_frame():
    frame = Decoder(WITH_TEXT).records([{"note": "a"}, {}]).to_pandas()

    assert frame["note"].isna().tolist() == [False, True]


def test_a_frame_of_no_records_has_its_columns():
    assert Decoder(SCHEMA).records([]).to_pandas().shape == (0, 5)


def test_batches_are_joined_in_order(batch):
    joined = concatenate([batch, batch.take(np.array([1])), batch.take(np.array([0]))])

    assert joined.to_records() == [*batch.to_records(), EMPTY, FULL]
    assert concatenate([batch]) is batch


def test_batches_without_a_key_are_joined_without_one():
    batch = Decoder(WITH_TEXT).records([{"note": "a"}])

    joined = concatenate([batch, batch])

    assert joined.keys is None
    assert joined.to_records() == [{"note": "a"}, {"note": "a"}]


def test_moments_of_the_last_millisecond_keep_a_year_of_four_digits():
    """Legacy databases write "for ever" as the last moment of the year 9999."""
    decoder = Decoder(SCHEMA)
    batch = decoder.records([{**EMPTY, "since": "9999-12-31T23:59:59.999999Z"}])

    told = batch.to_records()[0]["since"]

    assert told.startswith("9999-12-31T23:59:59.")
    assert decoder.records([{**EMPTY, "since": told}])["since"][0] == pytest.approx(
        batch["since"][0], abs=0.01
    )


def test_columns_of_a_table_are_made_when_somebody_looks():
    table = np.arange(6.0).reshape(3, 2)
    columns = TableColumns({"a": 0, "b": 1}, table)

    assert columns["b"].tolist() == [1, 3, 5]
    assert list(columns) == ["a", "b"]
    assert {name: column.tolist() for name, column in columns.items()} == {
        "a": [0, 2, 4],
        "b": [1, 3, 5],
    }
    with pytest.raises(KeyError):
        columns["c"]


def test_batches_that_are_tables_stay_one_when_they_are_joined():
    schema = Schema.parse(
        {
            "inputs": {"a": {"type": "number"}, "b": {"type": "number"}},
            "output": {"y": {"type": "number"}},
        }
    )
    tables = [np.array([[1.0, 2]]), np.array([[3.0, 4], [5, 6]])]
    batches = [
        Batch(schema, TableColumns({"a": 0, "b": 1}, one), len(one), None, one) for one in tables
    ]
    plain = Batch(schema, {"a": np.array([7.0]), "b": np.array([8.0])}, 1)

    whole, mixed = concatenate(batches), concatenate([*batches, plain])

    assert whole.table.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert whole["b"].tolist() == [2, 4, 6]
    assert mixed.table is None
    assert mixed["b"].tolist() == [2, 4, 6, 8]
    assert mixed.matrix().tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]
