"""The straight way from JSON to columns says what the way by records says, or nothing."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import InvalidInput
from minerva.schema import Decoder, Schema

INPUTS = {
    "a": {"type": "number"},
    "b": {"type": "integer", "minimum": -5, "maximum": 1000},
    "c d": {"type": "number", "nullable": True},
    "e": {"type": "category", "values": ["x", "y:", 3]},
    "f": {"type": "boolean", "default": True},
    "g": {"type": "timestamp", "nullable": True},
    "h": {"type": "text", "use": False, "nullable": True},
}
OUTPUT = {"y": {"type": "number"}}
MIXED = Decoder(Schema.parse({"key": "id", "inputs": INPUTS, "output": OUTPUT}))
NUMBERS = Decoder(Schema.parse({"inputs": {name: INPUTS[name] for name in "ab"}, "output": OUTPUT}))
WHOLE = {"a": 1.5, "b": 3, "c d": None, "e": "y:", "f": False, "g": "2026-01-31T12:00:00Z"}
WHOLE |= {"h": 'a "quoted: text"', "id": "k-1"}

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["x", "y:", 3, 3.0, 2**53, 2**53 + 1, -5, 1000, 1001, "2026-01-31"]),
    st.text(max_size=5),
    st.just({"a": 1}),
    st.just([]),
)
NAMES = [*INPUTS, "id", "stranger"]
CHANGES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2)
RECORDS = st.builds(
    lambda changes, dropped: {
        name: value for name, value in {**WHOLE, **changes}.items() if name not in dropped
    },
    CHANGES,
    st.sets(st.sampled_from(NAMES), max_size=2),
)


def by_records(decoder, records):
    try:
        return decoder.records(records)
    except InvalidInput:
        return None


def same(one, other):
    assert list(one.columns) == list(other.columns)
    for name, column in one.columns.items():
        assert column.dtype == other[name].dtype, name
        np.testing.assert_array_equal(column, other[name])
    assert (one.keys, len(one)) == (other.keys, len(other))
    return True


@given(st.lists(RECORDS, min_size=1, max_size=3))
def test_what_goes_straight_says_the_same_as_by_records(records):
    straight = MIXED.straight.read(json.dumps({"records": records}).encode())

    slow = by_records(MIXED, records)
    assert straight is None or same(straight.batch, slow)
    assert straight is None or straight.members == 1 + sum(map(len, records))


@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), min_size=1, max_size=3))
def test_so_it_is_where_there_are_only_numbers(records):
    straight = NUMBERS.straight.read(json.dumps({"records": records}).encode())

    assert straight is None or same(straight.batch, by_records(NUMBERS, records))


UNUSED = {**INPUTS["a"], "use": False}
SOME_USED = {"b": INPUTS["b"], "z": UNUSED, "a": INPUTS["a"]}


@pytest.mark.parametrize(
    "declared",
    [{name: INPUTS[name] for name in "ab"}, SOME_USED, {**SOME_USED, "f": INPUTS["f"]}],
    ids=["all numbers", "not all used", "others beside"],
)
@pytest.mark.parametrize("key", [None, "id"])
def test_the_table_of_numbers_makes_the_matrix_that_its_columns_make(declared, key):
    schema = Schema.parse({"inputs": declared, "output": OUTPUT} | ({"key": key} if key else {}))
    record = {"a": 0.1, "b": 7, "z": -1e15, "f": True, "id": "k"}
    records = [
        {name: record[name] for name in declared} | ({key: "k"} if key else {}) for _ in range(3)
    ]
    records[1]["a"] = -(2.0**52)
    decoder = Decoder(schema)

    matrix = decoder.straight.read(json.dumps({"records": records}).encode()).batch.matrix()

    expected = decoder.records(records).matrix()
    np.testing.assert_array_equal(matrix, expected)
    assert (matrix.dtype, matrix.flags.c_contiguous) == (expected.dtype, True)


@given(st.floats(-1e9, 1e9), st.integers(-5, 1000))
def test_usual_numbers_go_straight(a, b):
    document = json.dumps({"records": [{"b": b, "a": a}]}).encode()

    assert NUMBERS.straight.read(document).batch["a"].tolist() == [a]


@pytest.mark.parametrize("left_out", ["c d", "f", "g", "h", "id"])
def test_what_may_be_left_out_goes_straight_too(left_out):
    records = [WHOLE, {name: value for name, value in WHOLE.items() if name != left_out}]

    straight = MIXED.straight.read(json.dumps({"records": records}).encode())

    assert same(straight.batch, MIXED.records(records))
    assert straight.members == 1 + 2 * len(WHOLE) - 1


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b'{"records": []}',
        b'{"records": [{"a": 1}]}',
        b'{"records": [{"a": 1, "b": 2}], "explain": true}',
        b'\xef\xbb\xbf{"records": [{"a": 1, "b": 2}]}',
        b'{"records": [{"a": 1, "b": 2.5}]}',
        b'{"records": [{"a": 1e999, "b": 2}]}',
        b'{"records": [{"a": 1, "b": 2}]',
        b'{"records": [{"a": 1, "b": 2}], "records": []}',
        b'{"records": ' + b"[" * 100_000,
    ],
)
def test_what_is_unusual_says_nothing(document):
    assert NUMBERS.straight.read(document) is None


CELLS = st.one_of(st.integers(-6, 1001), st.floats(width=32), st.sampled_from([2.0**53, 1e300]))


@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=3), st.sampled_from(["f2", "f4", "f8", "i8", "?"])
)
def test_a_matrix_says_the_same_as_its_columns(rows, dtype):
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        matrix = np.array(rows, "f8").reshape(-1, 2).astype(dtype)

    straight = NUMBERS.straight.of_matrix(matrix)

    try:
        slow = NUMBERS.columns({"a": matrix[:, 0], "b": matrix[:, 1]})
    except InvalidInput:
        slow = None
    assert straight is None or same(straight, slow)
    if straight is not None:
        np.testing.assert_array_equal(straight.matrix(), slow.matrix())


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1"])
def test_a_usual_matrix_goes_straight(dtype):
    assert NUMBERS.straight.of_matrix(np.array([[1, 2], [3, 4]], dtype)) is not None


def test_a_matrix_is_no_way_to_fill_other_fields_than_numbers():
    assert MIXED.straight.of_matrix(np.zeros((1, 6))) is None
