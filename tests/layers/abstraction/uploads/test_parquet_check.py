"""Parquet is looked at when it is whole."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from minerva.errors import InvalidBody, InvalidData, InvalidInput
from minerva.layers.abstraction.uploads.parquet_check import check_parquet
from minerva.layers.abstraction.uploads.rows import Wanted
from minerva.schema.table import TableReader

GOOD = {"tenure": [1, 2], "contract": ["month", "year"], "churn": ["No", "Yes"]}


@pytest.fixture
def look(schema, tmp_path):
    def looked(columns, **options):
        parquet.write_table(pa.table(columns), tmp_path / "data.parquet", **options)
        return check_parquet(tmp_path / "data.parquet", Wanted(schema, (*schema.output,)))

    return looked


@pytest.mark.parametrize(
    "columns",
    [
        {"tenure": pa.array([1, 2], pa.int8())},
        {"tenure": [1.0, 2.0]},
        {"tenure": ["1", "2"]},
        {"contract": pa.array(["month", "year"]).dictionary_encode()},
        {"paid": pa.array([datetime(2026, 1, 31, tzinfo=UTC), None])},
        {"paid": pa.array([1, None], pa.date32())},
        {"paid": pa.array([1, None], pa.timestamp("ns"))},
        {"paid": [None, None]},
        {"more": [[1], [2]]},
    ],
)
def test_what_a_training_would_read_fits(look, columns):
    assert look({**GOOD, **columns}) == 2


@pytest.mark.parametrize(
    ("columns", "where", "message"),
    [
        ({"tenure": [1, -2]}, 'column "tenure", row 2', "is below the minimum of 0"),
        ({"tenure": [1, 1.5]}, 'column "tenure", row 2', "is not a whole number"),
        ({"tenure": [float("inf"), 1]}, 'column "tenure", row 1', "is not a whole number"),
        (
            {"tenure": [1, None]},
            'column "tenure", row 2',
            "is empty, but the field is not nullable",
        ),
        ({"contract": ["day", "year"]}, 'column "contract", row 1', "is not one of"),
        (
            {"churn": ["No", None]},
            'column "churn", row 2',
            "is empty, but the field is not nullable",
        ),
        ({"tenure": [[1], [2]]}, 'column "tenure"', "is of type list<"),
        ({"tenure": pa.array([1, 2], pa.timestamp("s"))}, 'column "tenure"', "cannot hold integer"),
        ({"paid": [1, 2]}, 'column "paid"', "cannot hold timestamp"),
        ({"churn": [b"No", b"Yes"]}, 'column "churn"', "is of type binary"),
    ],
)
def test_what_does_not_fit_is_named(look, columns, where, message):
    with pytest.raises(InvalidInput) as raised:
        look({**GOOD, **columns})

    assert raised.value.faults[0].where == where
    assert message in raised.value.faults[0].message


def test_a_column_that_is_missing_is_named(look):
    with pytest.raises(InvalidInput) as raised:
        look({"tenure": [1]})

    assert [fault.where for fault in raised.value.faults] == ['column "contract"', 'column "churn"']


def test_faults_are_told_in_order_of_rows_across_batches(look):
    tenure = [1] * 20_000
    tenure[9_000] = tenure[19_999] = -1
    rows = {"tenure": tenure, "contract": ["year"] * 20_000, "churn": ["No"] * 20_000}

    with pytest.raises(InvalidInput) as raised:
        look(rows)

    assert [fault.where.rpartition(" ")[2] for fault in raised.value.faults] == ["9001", "20000"]


@given(st.data())
def test_a_damaged_file_is_refused_or_read_but_never_fails_otherwise(schema, tmp_path, data):
    path = tmp_path / "data.parquet"
    parquet.write_table(pa.table(GOOD), path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(8, len(content)))])

    try:
        assert check_parquet(path, Wanted(schema, (*schema.output,))) >= 0
    except (InvalidBody, InvalidInput) as error:
        assert error.faults


@given(
    st.lists(
        st.sampled_from([1.0, -1.0, 1.5, None, 900.0, 901.0, float("inf")]), min_size=1, max_size=4
    ),
    st.lists(st.sampled_from(["month", "", "NA", None]), min_size=1, max_size=4),
)
def test_it_finds_what_a_training_would_find(schema, tmp_path, tenures, contracts):
    rows = min(len(tenures), len(contracts))
    columns = {"tenure": tenures[:rows], "contract": contracts[:rows], "churn": ["No"] * rows}
    path = tmp_path / f"{os.getpid()}.parquet"
    parquet.write_table(
        pa.table({**columns, "tenure": pa.array(columns["tenure"], pa.float64())}), path
    )
    try:
        TableReader(schema).batch(pd.read_parquet(path))
        fits = True
    except InvalidData:
        fits = False

    try:
        found = check_parquet(path, Wanted(schema, (*schema.output,))) == rows
    except InvalidInput:
        found = False

    assert found == fits
