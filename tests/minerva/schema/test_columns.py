"""Columns mean what the same records mean, whether they come as lists or as arrays."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minerva.errors import InvalidInput
from minerva.schema import Decoder, Schema
from minerva.schema.columns import LateRecords

FIELDS = {
    "whole": {"type": "integer", "minimum": -5, "maximum": 2**53},
    "number": {"type": "number", "minimum": -1e6, "maximum": 1e300},
    "flag": {"type": "boolean"},
    "plan": {"type": "category", "values": ["a", "b", "", "NA"]},
    "code": {"type": "category", "values": [0, 1, "x", 2.5]},
    "note": {"type": "text"},
    "since": {"type": "timestamp"},
    "maybe": {"type": "integer", "nullable": True},
    "seldom": {"type": "category", "values": ["p", "q"], "nullable": True},
    "perhaps": {"type": "boolean", "nullable": True},
    "usual": {"type": "integer", "default": 3},
    "ever": {"type": "timestamp", "nullable": True, "default": "2026-01-31"},
    "unused/~": {"type": "text", "use": False, "default": "-"},
}
SCHEMA = Schema.parse({"key": "id", "inputs": FIELDS, "output": {"y": {"type": "number"}}})
DECODER = Decoder(SCHEMA)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, 2**63, -(2**63), 10**309]),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(["a", "b", "NA", "x", "p", "2.5", "2026-01-31", "0001-01-01"]),
)
values = {
    "whole": st.integers(-5, 2**53),
    "number": st.floats(-1e6, 1e300),
    "flag": st.booleans(),
    "plan": st.sampled_from(["a", "b", "", "NA"]),
    "code": st.sampled_from([0, 1, "x", 2.5]),
    "note": st.text(max_size=3),
    "since": st.just("2026-01-31T12:00:00Z"),
}
good = st.fixed_dictionaries(
    values,
    optional={
        "id": st.text(max_size=3) | st.integers(),
        "maybe": st.none() | st.integers(-9, 9),
        "seldom": st.sampled_from([None, "p", "q"]),
        "perhaps": st.sampled_from([None, True, False]),
        "usual": st.none() | st.integers(0, 9),
        "ever": st.none() | st.just("2026-02-01"),
        "unused/~": st.text(max_size=3),
    },
)


def outcome(decode, sent):
    """Return the batch, or where → what is wrong."""
    try:
        return decode(sent)
    except InvalidInput as error:
        return {(fault.where, fault.message) for fault in error.faults}


def assert_same(one, other):
    if isinstance(one, set) or isinstance(other, set):
        assert one == other
        return
    assert (one.rows, one.keys) == (other.rows, other.keys)
    assert one.columns.keys() == other.columns.keys()
    for name, column in one.columns.items():
        assert column.dtype == other[name].dtype
        np.testing.assert_array_equal(column, other[name])


def with_one_bad(data):
    """Draw columns of equal length, perhaps with one value replaced by any scalar."""
    rows = data.draw(st.integers(1, 5))
    record = data.draw(good)
    sent = [record, *(data.draw(good) for _ in range(rows - 1))]
    names = set(sent[0]).intersection(*sent)
    sent = [{name: one[name] for name in names} for one in sent]
    if data.draw(st.booleans()):
        sent[data.draw(st.integers(0, rows - 1))][data.draw(st.sampled_from(sorted(names)))] = (
            data.draw(scalars)
        )
    return sent


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_columns_are_read_or_refused_as_their_records_are(data):
    records = with_one_bad(data)
    columns = {name: [record[name] for record in records] for name in records[0]}

    assert_same(outcome(DECODER.columns, columns), outcome(DECODER.records, records))


kinds = st.sampled_from(
    ["bool", "int8", "uint8", "int64", "uint64", "float16", "float32", "float64", "object"]
)
texts = st.sampled_from(["a", "", "NA", "x", "2.5", "0", "p", "2026-01-31", "7"])


def array(data, rows):
    """Draw an array of any kind, often of values that fit something."""
    kind = data.draw(kinds)
    if kind == "object":
        column = np.empty(rows, dtype=object)
        column[:] = data.draw(st.lists(texts, min_size=rows, max_size=rows))
        return column
    some = [value for value in (0, 1, 2, -1, 3) if kind != "bool" or value in {0, 1}]
    some = [value for value in some if value >= 0 or not kind.startswith("u")]
    some += [math.nan, 0.5] if kind.startswith("float") else []
    few = arrays.arrays(kind, rows, elements=st.sampled_from(some))
    return data.draw(few | arrays.arrays(kind, rows))


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_arrays_are_read_or_refused_as_the_records_that_they_stand_for(data):
    rows = data.draw(st.integers(1, 5))
    fit = data.draw(good)
    name = data.draw(st.sampled_from(sorted(FIELDS)))
    columns = {**{field: [value] * rows for field, value in fit.items()}, name: array(data, rows)}

    read = outcome(DECODER.columns, columns)

    records = DECODER.plain(columns)
    wanted = outcome(DECODER.records, records)
    if name in {"since", "ever"} and not isinstance(wanted, set):
        np.testing.assert_allclose(read[name], wanted[name], atol=1e-6)
    else:
        assert_same(read, wanted)


@pytest.mark.parametrize(
    ("name", "given_as", "means"),
    [
        ("flag", np.array([0.0, 1.0]), [False, True]),
        ("plan", np.array([1, 3], np.uint8), ["b", "NA"]),
        ("plan", np.array(["b", ""], object), ["b", ""]),
        ("code", np.array([1, 2.5]), [1, 2.5]),
        ("code", np.array(["1", "x"], object), [1, "x"]),
        ("seldom", np.array([math.nan, 1]), [None, "q"]),
        ("seldom", np.array([-1, 0]), [None, "p"]),
        ("seldom", np.array(["", "q"], object), [None, "q"]),
        ("ever", np.array(["", "2026-02-01"], object), [None, "2026-02-01T00:00:00.000000Z"]),
        ("maybe", np.array([math.nan, 7], np.float32), [None, 7]),
        ("perhaps", np.array([math.nan, 1]), [None, True]),
        ("usual", np.array([math.nan, 4]), [3, 4]),
        ("since", np.array([0, 86400]), ["1970-01-01T00:00:00.000000Z", "1970-01-02T00:00:00.000000Z"]),
    ],
)  # fmt: skip
def test_what_an_array_says_without_json(name, given_as, means):
    decoder = Decoder(
        Schema.parse({"inputs": {name: FIELDS[name]}, "output": {"y": {"type": "number"}}})
    )

    assert decoder.columns({name: given_as}).to_records() == [{name: value} for value in means]


def test_columns_that_are_unknown_missing_or_of_another_length_are_named():
    columns = {"whole": [1, 2], "number": [1.0], "plann": ["a", "b"]}

    with pytest.raises(InvalidInput) as caught:
        DECODER.columns(columns, lambda name, row: f"/inputs/{name}/{row}")

    told = {fault.where: fault.message for fault in caught.value.faults}
    assert told["/inputs/plann/None"] == "not a field of this service; did you mean 'plan'?"
    assert told["/inputs/number/None"] == "has 1 values, the first field has 2"
    assert told["/inputs/flag/None"] == "is missing"


def test_a_value_that_does_not_fit_is_named_by_its_row():
    columns = {"x": np.array([1, 5, 11, 12])}
    fields = {"x": {"type": "integer", "maximum": 10}}
    decoder = Decoder(Schema.parse({"inputs": fields, "output": {"y": {"type": "number"}}}))

    with pytest.raises(InvalidInput) as caught:
        decoder.columns(columns, lambda name, row: f"/{name}/data/{row}")

    assert [fault.where for fault in caught.value.faults] == ["/x/data/2", "/x/data/3"]


def test_records_of_columns_are_made_when_somebody_looks_and_once():
    made = []

    def make():
        made.append(1)
        return [{"x": 1}, {"x": 2}]

    records = LateRecords(2, make)

    assert len(records) == 2
    assert made == []
    assert [*records] == records[0:2] == [{"x": 1}, {"x": 2}]
    assert records[1] == {"x": 2}
    assert made == [1]
