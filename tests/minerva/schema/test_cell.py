"""Cells: what a legacy system writes, and what it means by its field."""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.errors import InvalidData, InvalidInput
from minerva.schema import Decoder, Schema
from minerva.schema.table import TableReader, plain_row


def arrow(kind: pa.DataType) -> pd.ArrowDtype:
    """Return pandas' dtype on Arrow memory, as parquet readers make it."""
    return pd.ArrowDtype(kind)


def faults(call) -> dict[str, str]:
    """Return where → what is wrong."""
    with pytest.raises(InvalidData) as caught:
        call()
    return {fault.where: fault.message for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("cells", "dtype", "numbers"),
    [
        (["1", " 2.5 ", "-3e2", "+4", "5."], str, [1, 2.5, -300, 4, 5]),
        ([1, 2.5, np.float32(0.5), np.int8(3), True], object, [1, 2.5, 0.5, 3, 1]),
        ([Decimal("1.50"), None, Decimal("NaN"), "N/A"], object, [1.5, None, None, None]),
        ([1, None, 3], "Int64", [1, None, 3]),
        ([1.5, None], "Float32", [1.5, None]),
        ([1, 2], np.int16, [1, 2]),
        ([1.5, math.nan], np.float64, [1.5, None]),
        ([True, None], "boolean", [1, None]),
        (["1.5", "", None], "string", [1.5, None, None]),
        (["1.5", "", None], arrow(pa.large_string()), [1.5, None, None]),
        ([1, None], arrow(pa.int32()), [1, None]),
        ([Decimal("1.50"), None], arrow(pa.decimal128(5, 2)), [1.5, None]),
        (["1", "2", "1"], "category", [1, 2, 1]),
    ],
)
def test_numbers_are_read_from_whatever_holds_them(read, cells, dtype, numbers):
    assert read({"type": "number", "nullable": True}, cells, dtype) == numbers


@pytest.mark.parametrize(
    "cell",
    ["twelve", "0x10", "1_0", "1,5", "--1", "inf", "-Infinity", "1e999", 10**400, math.inf, b"1", 2j,
     datetime(2026, 1, 1), timedelta(1), [1], {"a": 1}, time(1)],
)  # fmt: skip
def test_what_is_no_number_is_named_by_row(read, cell):
    cells = pd.Series([1, cell, 2], dtype=object)

    found = faults(lambda: read({"type": "number"}, cells))

    assert found == {'column "x", row 2': "is not a number"}


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([1 + 2j], np.complex128),
        ([datetime(2026, 1, 1)], "datetime64[us]"),
        ([timedelta(1)], "timedelta64[us]"),
        ([math.inf], np.float64),
    ],
)
def test_columns_of_other_types_are_no_numbers(read, cells, dtype):
    assert faults(lambda: read({"type": "number"}, cells, dtype)) == {
        'column "x", row 1': "is not a number"
    }


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("12,5", 12.5),
        ("1.234,5", 1234.5),
        ("-1.234.567,89", -1234567.89),
        ("1.234", 1234),
        ("1234,5", 1234.5),
        (",5", 0.5),
        ("7", 7),
        ("1,5e3", 1500),
        (12.5, 12.5),
        (Decimal("12.5"), 12.5),
    ],
)
def test_a_decimal_comma_may_come_with_thousand_dots(read, cell, number):
    assert read({"type": "number"}, [cell], decimal=",") == [number]


@pytest.mark.parametrize(
    "cell", ["12.5", "1.23.456", "1,2,3", "1.2345", "1,234.5", ",", "+", "1 2"]
)
def test_a_dot_that_separates_no_thousands_is_a_mistake_and_not_a_factor_of_ten(read, cell):
    found = faults(lambda: read({"type": "number"}, [cell], decimal=","))

    assert found == {'column "x", row 1': "is not a number"}


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [(["3", "3.0", " 3 "], str), ([3.0, 3, Decimal(3)], object), ([3.0] * 3, np.float64)],
)
def test_whole_numbers_may_be_written_with_a_zero_fraction(read, cells, dtype):
    assert read({"type": "integer"}, cells, dtype) == [3, 3, 3]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [(["1", "2.5"], str), ([1, 2.5], np.float64), ([1, 2**60], np.int64), (["1", "1e300"], str)],
)
def test_what_is_not_whole_is_named_by_row(read, cells, dtype):
    assert faults(lambda: read({"type": "integer"}, cells, dtype)) == {
        'column "x", row 2': "is not a whole number"
    }


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["yes", "No", "TRUE", "false", "1", "0", " y ", "N", "t", "0.0", "", "NULL"], str),
        ([True, False, 1, 0, 1.0, Decimal(0), "yes", "no", np.True_, 0, None, math.nan], object),
        ([True, False] * 5 + [None, None], "boolean"),
        ([1.0, 0.0] * 5 + [math.nan] * 2, np.float64),
        ([True, False] * 5 + [None, None], arrow(pa.bool_())),
    ],
)
def test_truth_is_told_in_many_words(read, cells, dtype):
    assert (
        read({"type": "boolean", "nullable": True}, cells, dtype) == [True, False] * 5 + [None] * 2
    )


@pytest.mark.parametrize("cell", ["maybe", "2", 2, -1, 0.5, b"\x01", [True]])
def test_what_is_neither_true_nor_false_is_named_by_row(read, cell):
    found = faults(lambda: read({"type": "boolean"}, pd.Series([True, cell], dtype=object)))

    assert found == {'column "x", row 2': "is neither true nor false"}


@pytest.mark.parametrize(
    ("values", "cells", "dtype", "read_as"),
    [
        (["No", "Yes"], ["Yes", " No "], str, ["Yes", "No"]),
        (["a", "b"], ["b", None, "a"], "category", ["b", None, "a"]),
        (["a", "b"], ["b", "", "a"], arrow(pa.large_string()), ["b", None, "a"]),
        (["a", "b"], ["b", None], arrow(pa.dictionary(pa.int8(), pa.string())), ["b", None]),
        ([0, 1], ["1", "0.0", 1, 0.0, Decimal("1.00")], object, [1, 0, 1, 0, 1]),
        (["0", "1"], [0, 1, 1.0, "1.0"], object, ["0", "1", "1", "1"]),
        (["0", "1"], [1.0, None], np.float64, ["1", None]),
        (["true", "false"], [True, False, "True", "false"], object, ["true", "false"] * 2),
        ([1, 2.5], ["2.5", 2.5, Decimal("2.5")], object, [2.5, 2.5, 2.5]),
        (["2026-01-01"], [date(2026, 1, 1)], object, ["2026-01-01"]),
    ],
)
def test_a_category_is_recognised_in_other_spellings(read, values, cells, dtype, read_as):
    field = {"type": "category", "values": values, "nullable": True}

    assert read(field, cells, dtype) == read_as


def test_spellings_that_are_declared_are_not_confused(read):
    cells = ["1", "1.0", "True", "true", "v1.0", "01"]

    assert read({"type": "category", "values": cells}, cells, str) == cells


@pytest.mark.parametrize(
    "cell", ["v1", "1.0.0", "yes", True, 1, [1], {"a": 1}, b"Yes", 10**400, math.inf]
)
def test_what_is_no_declared_value_is_named_by_row(read, cell):
    field = {"type": "category", "values": ["v1.0", "Yes"]}

    found = faults(lambda: read(field, pd.Series(["Yes", cell], dtype=object)))

    assert found == {'column "x", row 2': "is not one of 'v1.0', 'Yes'"}


def test_the_word_na_and_an_empty_text_may_be_declared_values(read):
    """Namibia is not missing."""
    assert read({"type": "category", "values": ["NA", "DE", ""]}, ["DE", "NA", ""], str) == [
        "DE",
        "NA",
        "",
    ]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["2026-01-31T12:00:00Z", "2026-01-31 14:00:00+02:00", " 2026-01-31T12:00 ", ""], str),
        (
            [
                datetime(2026, 1, 31, 12),
                datetime(2026, 1, 31, 12, tzinfo=UTC),
                pd.Timestamp("2026-01-31 12:00"),
                pd.NaT,
            ],
            object,
        ),
        (["2026-01-31 12:00"] * 3 + [None], "datetime64[s]"),
        (["2026-01-31 12:00"] * 3 + [None], "datetime64[ns, UTC]"),
        ([datetime(2026, 1, 31, 12)] * 3 + [None], arrow(pa.timestamp("ms"))),
    ],
)
def test_moments_are_utc_unless_they_say_otherwise(read, cells, dtype):
    found = read({"type": "timestamp", "nullable": True}, cells, dtype)

    assert found == ["2026-01-31T12:00:00.000000Z"] * 3 + [None]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["9999-12-31", "0001-01-01"], str),
        ([datetime(9999, 12, 31), datetime(1, 1, 1)], object),
        ([date(9999, 12, 31), date(1, 1, 1)], object),
        ([date(9999, 12, 31), date(1, 1, 1)], arrow(pa.date32())),
    ],
)
def test_for_ever_is_a_moment_too(read, cells, dtype):
    assert read({"type": "timestamp"}, cells, dtype) == [
        "9999-12-31T00:00:00.000000Z",
        "0001-01-01T00:00:00.000000Z",
    ]


@pytest.mark.parametrize(
    "cell", [1700000000, 1.7e9, "1700000000.5", "31.01.2026", "soon", time(1), []]
)
def test_a_number_is_no_moment(read, cell):
    """Nobody could tell seconds from milliseconds."""
    found = faults(lambda: read({"type": "timestamp"}, pd.Series([cell], dtype=object)))

    assert found == {'column "x", row 1': "is not a timestamp such as 2026-01-31T12:00:00Z"}


def test_a_column_of_numbers_holds_no_moments(read):
    assert len(faults(lambda: read({"type": "timestamp"}, range(30), np.int64))) == 20


@pytest.mark.parametrize(
    ("cells", "dtype", "texts"),
    [
        (["a ", "", None], object, ["a ", None, None]),
        ([12.0, 3, Decimal("1.5"), True], object, ["12", "3", "1.5", "true"]),
        ([12, None], "Int64", ["12", None]),
        ([date(2026, 1, 31), time(1, 2)], object, ["2026-01-31", "01:02:00"]),
        ([UUID(int=1)], object, ["00000000-0000-0000-0000-000000000001"]),
    ],
)
def test_texts_are_told_as_a_person_would_write_them(read, cells, dtype, texts):
    assert read({"type": "text", "nullable": True}, cells, dtype) == texts


@pytest.mark.parametrize("cell", [b"bytes", ["a"], {"a": 1}])
def test_what_is_no_text_is_named_by_row(read, cell):
    found = faults(lambda: read({"type": "text"}, pd.Series([cell], dtype=object)))

    assert found == {'column "x", row 1': "is not text"}


ROW_FIELDS = {
    "integer": {"type": "integer", "nullable": True},
    "number": {"type": "number", "nullable": True, "default": 1},
    "flag": {"type": "boolean", "default": True},
    "code": {"type": "category", "values": ["0", "1", "NA"], "nullable": True},
    "level": {"type": "category", "values": [1, 2, 2.5], "default": 2},
    "note": {"type": "text", "nullable": True},
    "since": {"type": "timestamp", "nullable": True},
}
ROW_SCHEMA = Schema.parse({"key": "id", "inputs": ROW_FIELDS, "output": {"y": {"type": "number"}}})
database_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.decimals(places=2, min_value=-5, max_value=5) | st.just(Decimal("NaN")),
    st.dates() | st.datetimes() | st.times(),
    st.sampled_from(["", "NA", "yes", "N", "1", "1.0", "2.5", " 2 ", "1,5", "2026-01-31", "text"]),
    st.binary(max_size=2),
)


@given(st.dictionaries(st.sampled_from(list(ROW_FIELDS)), database_values))
@settings(max_examples=150, deadline=None)
def test_a_single_row_means_what_it_means_in_a_table(row):
    """A model must be asked by key with the same values that it learnt from."""
    frame = pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in row.items()})
    frame["id"] = [7]

    try:
        learnt = TableReader(ROW_SCHEMA).batch(frame).to_records()
    except InvalidData:
        with pytest.raises(InvalidInput):
            Decoder(ROW_SCHEMA).records([plain_row(ROW_SCHEMA, {"id": 7, **row})])
    else:
        record = plain_row(ROW_SCHEMA, {"id": 7, **row})
        assert Decoder(ROW_SCHEMA).records([record]).to_records() == learnt


def test_other_columns_of_a_row_are_dropped_and_its_key_is_kept():
    record = plain_row(ROW_SCHEMA, {"id": 7, "number": "1.234,5", "other": 1}, decimal=",")

    assert record == {"id": 7, "number": 1234.5}
    assert plain_row(ROW_SCHEMA, {"note": "x"}) == {"note": "x"}
