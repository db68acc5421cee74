"""Columns are decoded exactly as the same rows sent as JSON would be."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.errors import InvalidInput
from minerva.layers.abstraction.batch.decoding import ChunkDecoder
from minerva.layers.abstraction.formats.chunk import Chunk, Fault
from minerva.layers.abstraction.formats.values import cell_values, record_of
from minerva.schema import Decoder, Schema

FIELDS = {
    "whole": {"type": "integer", "minimum": -5, "maximum": 2**53},
    "number": {"type": "number", "maximum": 1e300},
    "flag": {"type": "boolean"},
    "plan": {"type": "category", "values": ["a", "b", "", "NA", "1"]},
    "code": {"type": "category", "values": [0, 1, "x", 2.5]},
    "note": {"type": "text", "nullable": True},
    "since": {"type": "timestamp", "nullable": True},
    "maybe": {"type": "number", "nullable": True},
    "usual": {"type": "integer", "default": 3},
    "both": {"type": "number", "nullable": True, "default": 7},
    "unused": {"type": "text", "use": False, "nullable": True},
}
SCHEMA = Schema.parse({"key": "id", "inputs": FIELDS, "output": {"y": {"type": "number"}}})

wholes = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 3, -5, -6, 2**53, 2**53 + 1])
numbers = st.floats() | st.sampled_from([0.0, 1.0, -5.5, 1e300, 1.1e300, 2.5, -0.0, 2.0**53])
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
WORDS = [
    "a",
    "b",
    "NA",
    "1",
    "x",
    "1e3",
    "2026-01-31",
    "nan",
    "+5",
    "1_0",
    "yes",
    "True",
    "0012",
    "12.",
    ".5",
    "-7.25",
    "inf",
    "2.0",
    "12,5",
    "1e999",
    "1E-400",
]
texts = st.text(max_size=4) | st.sampled_from([*WORDS, " 1", "2026-01-31T12:00:00Z", "1" * 120])
KINDS = {
    pa.int64(): wholes,
    pa.int8(): st.integers(-128, 127),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): numbers,
    pa.float32(): st.floats(width=32),
    pa.bool_(): st.booleans(),
    pa.string(): texts,
    pa.dictionary(pa.int32(), pa.string()): texts,
    pa.large_string(): texts,
    pa.decimal128(20, 4): st.decimals(-(10**12), 10**12, places=4),
    pa.timestamp("us"): moments,
    pa.timestamp("ms", "UTC"): moments.map(lambda m: m.replace(microsecond=0, tzinfo=UTC)),
    pa.timestamp("s"): moments.map(lambda m: m.replace(microsecond=0)),
    pa.date32(): st.dates(date(1, 1, 1), date(9999, 12, 31)),
}
FITTING = {
    "whole": [pa.int64(), pa.int8(), pa.float64()],
    "number": [pa.float64(), pa.float32(), pa.decimal128(20, 4)],
    "flag": [pa.bool_()],
    "plan": [pa.string(), pa.dictionary(pa.int32(), pa.string())],
    "since": [pa.timestamp("us"), pa.timestamp("ms", "UTC"), pa.date32()],
}


@st.composite
def tables(draw, fields=tuple(FIELDS)):
    """Return columns of one length, most of a type that their field can hold."""
    rows = draw(st.integers(0, 6))
    columns = {}
    for name in fields:
        if draw(st.integers(0, 9)) == 0:
            continue
        likely = FITTING.get(name, list(KINDS))
        kind = draw(st.sampled_from(likely if draw(st.booleans()) else list(KINDS)))
        cells = draw(st.lists(st.none() | KINDS[kind], min_size=rows, max_size=rows))
        columns[name] = pa.array(cells, kind)
    columns["id"] = pa.array([f"c-{row}" for row in range(rows)])
    return columns


def chunk(columns, plain=None, broken=()):
    """Return a chunk whose rows count from 1."""
    rows = len(next(iter(columns.values())))
    return Chunk(
        rows, columns, lambda row: row + 1, lambda row: record_of(columns, row, plain or {}), broken
    )


def alone(records):
    """Return row → its batch or the faults, each decoded as a call of its own."""
    decoder, read = Decoder(SCHEMA), []
    for record in records:
        try:
            read.append(decoder.records([record]))
        except InvalidInput as error:
            read.append({fault.where.split("/", 3)[3]: fault.message for fault in error.faults})
    return read


def assert_same(decoded, expected):
    """Compare what was decoded at once with the rows decoded one by one."""
    fitting = [one for one in expected if not isinstance(one, dict)]
    assert len(decoded.batch) == len(fitting)
    assert list(decoded.batch.keys) == [one.keys[0] for one in fitting]
    assert decoded.keys.to_pylist() == list(decoded.batch.keys)
    assert list(decoded.batch.columns) == list(SCHEMA.features)
    for name in SCHEMA.features:
        column = decoded.batch[name]
        wanted = [one[name][0] for one in fitting]
        assert [_plain(value) for value in column] == [_plain(value) for value in wanted], name
    reasons = {}
    for fault in decoded.faults:
        reasons.setdefault(fault.row, {})[fault.field] = fault.message
    refused = {row: one for row, one in enumerate(expected, start=1) if isinstance(one, dict)}
    assert reasons == refused


def _plain(value):
    return "missing" if isinstance(value, float) and math.isnan(value) else value


@given(tables())
@settings(max_examples=100, deadline=None)
def test_a_row_of_typed_columns_is_taken_exactly_when_the_json_decoder_takes_it(columns):
    rows = len(columns["id"])

    decoded = ChunkDecoder(SCHEMA).decode(chunk(columns))

    assert_same(decoded, alone([record_of(columns, row, {}) for row in range(rows)]))


@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys(FIELDS, texts)), max_size=5),
    st.sampled_from([".", ","]),
)
@settings(max_examples=100, deadline=None)
def test_a_row_of_text_cells_is_taken_exactly_when_its_record_is(rows, decimal):
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in FIELDS}
    columns["id"] = pa.array([f"c-{row}" for row in range(len(rows))], pa.string())
    plain = cell_values(SCHEMA, decimal)

    decoder = ChunkDecoder(SCHEMA, plain, text_numbers=decimal == ".")
    decoded = decoder.decode(chunk(columns, plain))

    assert_same(decoded, alone([record_of(columns, row, plain) for row in range(len(rows))]))


def test_null_may_mean_that_there_is_no_such_member_where_json_was_read_as_columns():
    records = [{"both": None}, {}, {"both": 4}]
    schema = Schema.parse({"inputs": {"both": FIELDS["both"]}, "output": {"y": {"type": "number"}}})
    columns = {"both": pa.array([None, None, 4.0])}
    read = Chunk(3, columns, lambda row: row + 1, lambda row: records[row])

    decoded = ChunkDecoder(schema, null_is_vague=True).decode(read)

    assert np.array_equal(decoded.batch["both"], [math.nan, 7, 4], equal_nan=True)


def test_rows_that_are_none_keep_their_reasons_in_order():
    columns = {"id": pa.array(["a", "b"]), "whole": pa.array([1, 99])}
    schema = Schema.parse(
        {"key": "id", "inputs": {"whole": {"type": "integer", "maximum": 9}},
         "output": {"y": {"type": "number"}}}
    )  # fmt: skip
    read = Chunk(
        2, columns, [2, 5].__getitem__, lambda row: record_of(columns, row, {}),
        [Fault(3, "", "has 1 cells where the first line names 2 columns")],
    )  # fmt: skip

    decoded = ChunkDecoder(schema).decode(read)

    assert [(fault.row, fault.field) for fault in decoded.faults] == [(3, ""), (5, "whole")]
    assert decoded.batch.keys == ["a"]


@pytest.mark.parametrize("value", [Decimal("1.5"), Decimal("0.1"), 2**53 + 2])
def test_a_number_is_the_nearest_double(value):
    schema = Schema.parse(
        {"inputs": {"n": {"type": "number"}}, "output": {"y": {"type": "number"}}}
    )
    columns = {"n": pa.array([value])}

    decoded = ChunkDecoder(schema).decode(chunk(columns))

    assert decoded.batch["n"].tolist() == [float(value)]
