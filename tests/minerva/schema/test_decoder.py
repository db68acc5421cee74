"""The decoder: any JSON value is either decoded or refused with a pointer to it."""

import json
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.errors import InvalidInput
from minerva.schema import Batch, Decoder, Schema

FIELDS = {
    "whole": {"type": "integer", "minimum": -5, "maximum": 2**53},
    "number": {"type": "number", "maximum": 1e300},
    "flag": {"type": "boolean"},
    "plan": {"type": "category", "values": ["a", "b", "", "NA", "1"]},
    "code": {"type": "category", "values": [0, 1, "x", 2.5]},
    "note": {"type": "text"},
    "since": {"type": "timestamp"},
    "maybe": {"type": "number", "nullable": True},
    "seldom": {"type": "category", "values": ["p", "q"], "nullable": True},
    "usual": {"type": "integer", "default": 3},
    "usual/maybe~": {"type": "boolean", "nullable": True, "default": True},
    "unused": {"type": "text", "use": False},
}
SCHEMA = Schema.parse({"key": "id", "inputs": FIELDS, "output": {"y": {"type": "number"}}})
DECODER = Decoder(SCHEMA)
GOOD = {
    "id": "c-1",
    "whole": 4,
    "number": 1.5,
    "flag": True,
    "plan": "b",
    "code": 1,
    "note": "hello",
    "since": "2026-01-31T12:00:00+02:00",
    "unused": "x",
}

texts = st.text(st.characters(codec=None), max_size=8)  # lone surrogates included
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(
        [0, 1, -1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63, 10**308, 10**309, -(10**400)]
    ),
    st.floats(),
    st.sampled_from([1e300, 1.5e308, 1.7976931348623157e308, 5e-324, -0.0]),
    texts,
    st.sampled_from(
        ["a", "NA", "", "x", "1", "2026-01-31", "9999-12-31T23:59:59.999999", "0001-01-01"]
    ),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
records = st.dictionaries(st.sampled_from([*FIELDS, "id", "stranger", "a/b~c"]) | texts, values)


def faults(decode, *arguments) -> dict[str, str]:
    """Return where → what is wrong."""
    with pytest.raises(InvalidInput) as caught:
        decode(*arguments)
    return {fault.where: fault.message for fault in caught.value.faults}


@given(st.lists(values | records | records.map(lambda more: {**GOOD, **more}), max_size=4))
@settings(max_examples=150, deadline=None)
def test_whatever_json_holds_is_decoded_or_refused_where_it_stands(sent):
    try:
        batch = DECODER.records(sent)
    except InvalidInput as error:
        assert 1 <= len(error.faults) <= 20
        for fault in error.faults:
            empty, root, row, *rest = fault.where.split("/")
            assert (empty, root) == ("", "records")
            assert int(row) < len(sent)
            assert len(rest) == (1 if isinstance(sent[int(row)], dict) else 0)
            assert fault.message
    else:
        assert len(batch) == len(sent)
        assert tuple(batch.columns) == SCHEMA.features


@given(st.sampled_from([*FIELDS]), st.lists(scalars, min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_a_value_is_judged_the_same_alone_and_among_others(name, sent):
    """The fast path over a whole column must not be more or less lenient than the slow one."""

    def refused_alone(value) -> bool:
        try:
            DECODER.records([{**GOOD, name: value}])
        except InvalidInput:
            return True
        return False

    bad = [row for row, value in enumerate(sent) if refused_alone(value)]
    pointer = name.replace("~", "~0").replace("/", "~1")

    if bad:
        together = faults(DECODER.records, [{**GOOD, name: value} for value in sent])
        assert list(together) == [f"/records/{row}/{pointer}" for row in bad[:20]]
    else:
        assert len(DECODER.records([{**GOOD, name: value} for value in sent])) == len(sent)


good_records = st.fixed_dictionaries(
    {
        "id": st.none() | st.integers() | st.text(),
        "whole": st.integers(-5, 2**53),
        "number": st.floats(max_value=1e300, allow_nan=False, allow_infinity=False),
        "flag": st.booleans(),
        "plan": st.sampled_from(FIELDS["plan"]["values"]),
        "code": st.sampled_from(FIELDS["code"]["values"]),
        "note": st.text(),
        "since": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        "unused": st.text(),
    },
    optional={
        "maybe": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "seldom": st.none() | st.sampled_from(["p", "q"]),
        "usual": st.none() | st.integers(-9, 9),
        "usual/maybe~": st.none() | st.booleans(),
    },
)


@given(st.lists(good_records, max_size=5))
@settings(max_examples=100, deadline=None)
def test_what_was_decoded_is_told_and_decoded_again_as_the_same(sent):
    batch = DECODER.records(sent)

    told = json.loads(json.dumps(batch.to_records(), allow_nan=False))
    again = DECODER.records([{**record, "unused": ""} for record in told])

    assert again.keys == batch.keys == [record["id"] for record in sent]
    for name in SCHEMA.features:
        if name == "since":  # texts tell microseconds, doubles not quite so many for far years
            np.testing.assert_allclose(again[name], batch[name], rtol=0, atol=1e-3)
        else:
            np.testing.assert_array_equal(again[name], batch[name])


def test_columns_are_typed_as_the_contract_says():
    batch = DECODER.records([GOOD, {**GOOD, "since": "1970-01-02", "maybe": 2, "seldom": "q"}])

    assert {name: column.dtype for name, column in batch.columns.items()} == {
        "whole": np.float64,
        "number": np.float64,
        "flag": np.float64,
        "plan": np.int32,
        "code": np.int32,
        "note": object,
        "since": np.float64,
        "maybe": np.float64,
        "seldom": np.int32,
        "usual": np.float64,
        "usual/maybe~": np.float64,
    }
    assert batch["since"].tolist() == [1769853600.0, 86400.0]
    assert batch["seldom"].tolist() == [-1, 1]
    assert math.isnan(batch["maybe"][0])


def test_an_empty_batch_has_every_column_and_no_row():
    batch = DECODER.records([])

    assert (len(batch), batch.keys, batch.to_records()) == (0, [], [])
    assert {name: column.shape for name, column in batch.columns.items()} == dict.fromkeys(
        SCHEMA.features, (0,)
    )


@pytest.mark.parametrize(
    ("nullable", "default", "sent", "read"),
    [
        (False, 7, {}, 7),
        (False, 7, {"x": None}, 7),
        (True, 7, {}, 7),
        (True, 7, {"x": None}, None),
        (True, None, {}, None),
        (True, None, {"x": None}, None),
        (False, 0, {}, 0),
    ],
)
def test_a_default_stands_for_what_is_absent_and_null_stays_null_where_allowed(
    decoder, nullable, default, sent, read
):
    field = {"type": "integer", "nullable": nullable, "default": default}

    batch = decoder(field).records([sent])

    assert batch.to_records() == [{"x": read}]


@pytest.mark.parametrize(
    ("sent", "why"),
    [({}, "is missing"), ({"x": None}, "is null, but the field is not nullable")],
)
def test_a_required_value_is_missed(decoder, sent, why):
    found = faults(decoder({"type": "text"}).records, [{"x": "there"}, sent])

    assert found == {"/records/1/x": why}


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ({"type": "integer"}, 1.5, "expected a whole number of at most 2^53 in size"),
        ({"type": "integer"}, True, "expected a whole number, got a boolean"),
        ({"type": "integer"}, "1", "expected a whole number, got text"),
        ({"type": "integer"}, 2**53 + 1, "expected a whole number of at most 2^53 in size"),
        ({"type": "integer"}, 10**400, "expected a whole number of at most 2^53 in size"),
        ({"type": "number"}, 10**400, "expected a number that a 64-bit float can hold"),
        ({"type": "number"}, math.nan, "expected a number, got NaN or infinity"),
        ({"type": "number"}, -math.inf, "expected a number, got NaN or infinity"),
        ({"type": "number"}, [1], "expected a number, got an array"),
        ({"type": "number", "minimum": 0, "unit": "month"}, -1, "is below the minimum of 0 month"),
        ({"type": "number", "maximum": 2.5}, 3, "is above the maximum of 2.5"),
        ({"type": "boolean"}, 1, "expected true or false, got a number"),
        ({"type": "category", "values": [1, 2]}, True, "is not one of 1, 2"),
        ({"type": "category", "values": ["1"]}, 1, "is not one of '1'"),
        ({"type": "category", "values": ["a"]}, {}, "expected one of 'a', got an object"),
        ({"type": "timestamp"}, 5, "expected a timestamp such as 2026-01-31T12:00:00Z"),
        ({"type": "timestamp"}, "2026-02-30", "expected a timestamp such as 2026-01-31T12:00:00Z"),
        ({"type": "text"}, {}, "expected text, got an object"),
        ({"type": "text"}, "half \ud800", "holds half of a surrogate pair, which is no text"),
    ],
)
def test_a_fault_says_what_was_expected_and_never_the_value(decoder, field, value, why):
    assert faults(decoder(field).records, [{"x": value}]) == {"/records/0/x": why}


def test_many_values_of_a_category_are_not_all_listed(decoder):
    field = {"type": "category", "values": [f"v{n}" for n in range(12)]}

    found = faults(decoder(field).records, [{"x": "?"}])

    assert found["/records/0/x"].endswith("'v9', …")


@pytest.mark.parametrize("whole", [-(2**53), 2**53, 3.0, -0.0, 1e15])
def test_whole_numbers_are_whole_however_they_are_written(decoder, whole):
    assert decoder({"type": "integer"}).records([{"x": whole}])["x"].tolist() == [whole]


def test_numbers_whose_sum_is_too_large_are_numbers(decoder):
    batch = decoder({"type": "number"}).records([{"x": 1.7e308}] * 3 + [{"x": -1.7e308}])

    assert batch["x"].tolist() == [1.7e308, 1.7e308, 1.7e308, -1.7e308]


def test_a_category_of_numbers_and_texts_keeps_them_apart(decoder):
    decode = decoder({"type": "category", "values": [1, 0, "2"]}).records

    assert decode([{"x": 0}, {"x": "2"}, {"x": 1.0}])["x"].tolist() == [1, 2, 0]
    assert list(faults(decode, [{"x": "1"}, {"x": 2}, {"x": True}])) == [
        f"/records/{row}/x" for row in range(3)
    ]


def test_names_are_escaped_in_pointers(decoder):
    schema = Schema.parse(
        {"inputs": {"a/b~c": {"type": "text"}}, "output": {"y": {"type": "number"}}}
    )

    assert faults(Decoder(schema).records, [{"a/b~c": 1}]) == {
        "/records/0/a~1b~0c": "expected text, got a number"
    }
    assert list(faults(Decoder(schema).records, [{"a/b": 1}])) == ["/records/0/a~1b"]


def test_an_unknown_member_is_compared_with_the_known_ones(decoder):
    found = faults(
        decoder({"type": "text"}, key="customer_id").records, [{"customerid": 1, "q": 2}]
    )

    assert found == {
        "/records/0/customerid": "not a field of this service; did you mean 'customer_id'?",
        "/records/0/q": "not a field of this service",
    }


@pytest.mark.parametrize("record", [None, 5, "text", [], True])
def test_a_record_is_an_object(decoder, record):
    found = faults(decoder({"type": "text"}).records, [{"x": ""}, record])

    assert list(found) == ["/records/1"]
    assert found["/records/1"].startswith("expected an object, got ")


@pytest.mark.parametrize("record", [{"x": 1}, {"y": 1}, 5, {"id": 1.5, "x": "fits"}])
def test_at_most_twenty_faults_are_told_and_they_are_the_first(decoder, record):
    found = faults(decoder({"type": "text"}, key="id").records, [record] * 50)

    assert [where.split("/")[2] for where in found] == [str(row) for row in range(20)]


def test_a_million_unknown_members_are_refused_at_once(decoder):
    record = {f"member number {n}": n for n in range(1_000_000)}

    assert len(faults(decoder({"type": "text"}).records, [record])) == 20


def test_faults_of_several_fields_and_of_the_key_come_together():
    found = faults(DECODER.records, [{**GOOD, "id": 1.5, "flag": "yes", "whole": -6}])

    assert found == {
        "/records/0/id": "expected text or integer, got a number",
        "/records/0/whole": "is below the minimum of -5",
        "/records/0/flag": "expected true or false, got text",
    }


def test_a_key_is_echoed_as_it_was_sent_and_may_be_left_out(decoder):
    sent = [{"x": "a", "id": "7"}, {"x": "a", "id": 7}, {"x": "a"}, {"x": "a", "id": 10**30}]

    assert decoder({"type": "text"}, key="id").records(sent).keys == ["7", 7, None, 10**30]
    assert decoder({"type": "text"}).records([{"x": "a"}]).keys is None


@pytest.mark.parametrize("key", [True, 1.0, [1], {}])
def test_a_key_is_text_or_an_integer(decoder, key):
    found = faults(decoder({"type": "text"}, key="id").records, [{"x": "a", "id": key}], "/keys")

    assert list(found) == ["/keys/0/id"]


def test_an_unused_field_is_checked_but_not_handed_on():
    assert "unused" not in DECODER.records([GOOD]).columns
    assert list(faults(DECODER.records, [{**GOOD, "unused": 5}])) == ["/records/0/unused"]


def test_the_decoder_returns_a_batch_of_its_schema():
    batch = DECODER.records([GOOD])

    assert isinstance(batch, Batch)
    assert batch.schema is SCHEMA


def test_a_decoder_keeps_little_for_each_field():
    """A process holds one for each version that it serves."""

    def kept(fields):
        inputs = {f"f{at}": {"type": "number"} for at in range(fields)}
        schema = Schema.parse({"inputs": inputs, "output": {"y": {"type": "number"}}})
        tracemalloc.start()
        try:
            decoder = Decoder(schema)
            decoder.records([dict.fromkeys(inputs, 0.5)])
            return tracemalloc.get_traced_memory()[0], decoder
        finally:
            tracemalloc.stop()

    kept(2)  # what the first one of a process imports is no part of it

    assert (kept(110)[0] - kept(10)[0]) / 100 < 800
