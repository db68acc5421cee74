"""Reading an inference request: it is understood, or what is wrong is pointed at."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.errors import InvalidBody, InvalidInput, MinervaError, TooLarge
from minerva.layers.core.protocols.oip.outputs import described
from minerva.layers.core.protocols.oip.request import read_request, split
from minerva.schema import Decoder, Schema

FIELDS = {
    "tenure": {"type": "integer", "minimum": 0, "maximum": 1000, "unit": "month"},
    "contract": {"type": "category", "values": ["Month-to-month", "One year", "Two year"]},
    "monthly_charges": {"type": "number", "minimum": 0, "nullable": True},
    "since": {"type": "timestamp", "nullable": True},
    "email": {"type": "text", "pii": True, "use": False, "nullable": True},
}
SCHEMA = Schema.parse(
    {
        "key": "customer_id",
        "inputs": FIELDS,
        "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
    }
)
DECODER = Decoder(SCHEMA)


def tensor(name, datatype, data, shape=None, **more):
    """Return an input tensor; its shape is (n,) unless told."""
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data, **more}


def inputs():
    """Return the tensors of two customers."""
    return [
        tensor("customer_id", "BYTES", ["C-0", "C-1"]),
        tensor("tenure", "INT64", [3, 70]),
        tensor("contract", "BYTES", ["One year", "Two year"]),
        tensor("monthly_charges", "FP64", [20.5, None]),
    ]


def read(body, tail=b""):
    """Return the batch that a request means."""
    asked = read_request(body, memoryview(tail), SCHEMA, described(SCHEMA), 5)
    return DECODER.columns(asked.question.columns, asked.question.where)


def fault(body, tail=b"") -> tuple[str, str]:
    """Return where and what is wrong, the first of it."""
    with pytest.raises(MinervaError) as caught:
        read(body, tail)
    assert isinstance(caught.value, InvalidInput | InvalidBody | TooLarge)
    return caught.value.faults[0].where, caught.value.faults[0].message


def test_a_request_is_read_as_the_records_that_it_means():
    assert read({"inputs": inputs()}).to_records() == [
        {"customer_id": "C-0", "tenure": 3, "contract": "One year", "monthly_charges": 20.5, "since": None},
        {"customer_id": "C-1", "tenure": 70, "contract": "Two year", "monthly_charges": None, "since": None},
    ]  # fmt: skip


def without(member):
    """Return the first tensor without one of its members."""
    sent = inputs()
    del sent[0][member]
    return {"inputs": sent}


def changed(**members):
    """Return a request whose tensor of tenures is changed."""
    sent = inputs()
    sent[1] |= members
    return {"inputs": sent}


@pytest.mark.parametrize(
    ("body", "where", "says"),
    [
        ({}, "/inputs", "is missing"),
        ({"inputs": []}, "/inputs", "send at least one tensor"),
        ({"inputs": {}}, "/inputs", "expected an array"),
        ({"inputs": [3]}, "/inputs/0", "expected an object"),
        ([], "", "expected an object"),
        ({"id": None, "inputs": inputs()}, "/id", "expected text, got null"),
        ({"id": 7, "inputs": inputs()}, "/id", "expected text, got a number"),
        ({"parameters": [], "inputs": inputs()}, "/parameters", "expected an object"),
        ({"parameters": {"binary_data_output": "yes"}, "inputs": inputs()}, "/parameters/binary_data_output", "expected true or false"),
        (without("name"), "/inputs/0/name", "is missing"),
        (without("shape"), "/inputs/0/shape", "is missing"),
        (without("datatype"), "/inputs/0/datatype", "is missing"),
        (without("data"), "/inputs/0/data", "is missing"),
        (changed(name=""), "/inputs/1/name", "not empty"),
        (changed(name="tenur"), "/inputs/1/name", "did you mean 'tenure'?"),
        (changed(name="customer_id"), "/inputs/1/name", "a second time"),
        (changed(datatype="int64"), "/inputs/1/datatype", "did you mean 'INT64'?"),
        (changed(datatype="STRING"), "/inputs/1/datatype", "there are BOOL"),
        (changed(datatype=64), "/inputs/1/datatype", "expected text"),
        (changed(shape=[]), "/inputs/1/shape", "1 to 8 dimensions"),
        (changed(shape=[2] * 9), "/inputs/1/shape", "1 to 8 dimensions"),
        (changed(shape="2"), "/inputs/1/shape", "expected an array"),
        (changed(shape=[-1]), "/inputs/1/shape/0", "whole number"),
        (changed(shape=[2.0]), "/inputs/1/shape/0", "whole number"),
        (changed(shape=[2, 10**30]), "/inputs/1/shape/1", "whole number"),
        (changed(shape=[3]), "/inputs/1/data", "has 2 values, shape [3] has 3"),
        (changed(shape=[2, 2], data=[[1, 2], [3]]), "/inputs/1/data", "nested otherwise"),
        (changed(shape=[2, 1], data=[[1], 2]), "/inputs/1/data", "nested otherwise"),
        (changed(shape=[1], data=[1]), "/inputs/1/shape", "has 1 rows, the first tensor has 2"),
        (changed(shape=[0], data=[]), "/inputs/1/shape", "empty batch"),
        (changed(shape=[6], data=[1] * 6), "/inputs/1/shape", "has 6 rows, 5 are allowed"),
        (changed(data={}), "/inputs/1/data", "expected an array"),
        (changed(data=["a", 1]), "/inputs/1/data/0", "expected a whole number (INT64), got text"),
        (changed(data=[1, 2.5]), "/inputs/1/data/1", "got a fraction"),
        (changed(data=[True, 1]), "/inputs/1/data/0", "got a boolean"),
        (changed(data=[1, 2**63]), "/inputs/1/data/1", "beyond what INT64 can hold"),
        (changed(datatype="INT8", data=[1, 128]), "/inputs/1/data/1", "beyond what INT8 can hold"),
        (changed(datatype="UINT8", data=[1, -1]), "/inputs/1/data/1", "beyond what UINT8 can hold"),
        (changed(datatype="FP16", data=[1, 1e5]), "/inputs/1/data/1", "beyond what FP16 can hold"),
        (changed(datatype="FP32", data=[1, 1e39]), "/inputs/1/data/1", "beyond what FP32 can hold"),
        (changed(datatype="BOOL", data=[True, 1]), "/inputs/1/data/1", "expected true or false"),
        (changed(datatype="BOOL", data=[True, False]), "/inputs/1/data/0", "got a boolean"),
        (changed(datatype="BYTES", data=["a", 1]), "/inputs/1/data/1", "expected text (BYTES)"),
        (changed(data=[1, None]), "/inputs/1/data/1", "not nullable"),
        (changed(data=[1, 1001]), "/inputs/1/data/1", "above the maximum of 1000 month"),
        (changed(shape=[2, 1], data=[[1], [1001]]), "/inputs/1/data/1/0", "above the maximum"),
        (changed(parameters=3), "/inputs/1/parameters", "expected an object"),
        (changed(parameters={"binary_data_size": 16}), "/inputs/1/data", "send one of both"),
        (changed(parameters={"binary_data_size": -1}, data=None), "/inputs/1/parameters/binary_data_size", "number of bytes"),
        (changed(parameters={"binary_data_size": 16}, data=None), "/inputs/1/parameters/binary_data_size", "only 0 bytes are left"),
        (changed(parameters={"shared_memory_region": "r"}), "/inputs/1/parameters/shared_memory_region", "no shared memory"),
        ({"inputs": inputs()[:2]}, "/inputs/contract", "is missing"),
        ({"inputs": [tensor("m", "FP32", [1, 2], [1, 2])]}, "/inputs/0/shape", "has 2 columns, the model's fields are 4: tenure, contract"),
        ({"inputs": [tensor("m", "FP32", [-1, 0, 0, 0], [1, 4])]}, "/inputs/0/data/0", "below the minimum"),
        ({"inputs": [tensor("m", "FP32", [[1, 7, 0, 0]], [1, 4])]}, "/inputs/0/data/0/1", "is not one of"),
        ({"inputs": inputs(), "outputs": {}}, "/outputs", "expected an array"),
        ({"inputs": inputs(), "outputs": [1]}, "/outputs/0", "expected an object"),
        ({"inputs": inputs(), "outputs": [{"name": "chrn"}]}, "/outputs/0/name", "did you mean 'churn'?"),
        ({"inputs": inputs(), "outputs": [{"name": "churn"}] * 2}, "/outputs/1/name", "second time"),
        ({"inputs": inputs(), "outputs": [{"name": "churn", "parameters": {"binary_data": 1}}]}, "/outputs/0/parameters/binary_data", "expected true or false"),
        ({"inputs": inputs(), "outputs": [{"name": "churn", "parameters": {"classification": 1}}]}, "/outputs/0/parameters/classification", "not offered"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_pointed_at(body, where, says):
    found = fault(body)

    assert found[0] == where
    assert says in found[1]


def binary(size, datatype="FP32", name="tenure", shape=(2,)):
    """Return a request with one tensor of binary data."""
    one = {"name": name, "datatype": datatype, "shape": [*shape]}
    return {"inputs": [{**one, "parameters": {"binary_data_size": size}}]}


@pytest.mark.parametrize(
    ("body", "data", "where", "says"),
    [
        (binary(8), b"\0" * 7, "/inputs/0/parameters/binary_data_size", "is 8, but only 7 bytes"),
        (binary(2**63), b"", "/inputs/0/parameters/binary_data_size", "only 0 bytes"),
        (binary(2**64), b"", "/inputs/0/parameters/binary_data_size", "number of bytes"),
        (binary(True), b"", "/inputs/0/parameters/binary_data_size", "number of bytes"),
        (binary(8), b"\0" * 9, "/inputs", "leaves 1 bytes"),
        (binary(7), b"\0" * 7, "/inputs/0/data", "is 7 bytes long, 2 values of FP32 are 8"),
        (binary(0), b"", "/inputs/0/data", "is 0 bytes long"),
        (binary(2, "BOOL"), b"\1\2", "/inputs/0/data/1", "byte other than 0 and 1"),
        (binary(8), np.array([1, np.inf], "<f4").tobytes(), "/inputs/0/data/1", "NaN or infinity"),
        (binary(8), np.array([1, np.nan], "<f4").tobytes(), "/inputs/0/data/1", "not nullable"),
        (binary(5, "BYTES"), b"\1\0\0\0a", "/inputs/0/data", "holds 1 values, the shape says 2"),
        (binary(9, "BYTES"), b"\1\0\0\0a\xff\xff\xff\xff", "/inputs/0/data/1", "longer than"),
        (binary(3, "BYTES"), b"\1\0\0", "/inputs/0/data/0", "longer than"),
        (binary(10, "BYTES"), b"\1\0\0\0a\1\0\0\0\xff", "/inputs/0/data/1", "not text in UTF-8"),
        (binary(15, "BYTES"), b"\1\0\0\0a" * 3, "/inputs/0/data", "goes on after the 2 values"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_binary_data_is_pointed_at(body, data, where, says):
    others = inputs()[2:]

    found = fault({"inputs": [*body["inputs"], *others]}, data)

    assert found[0] == where
    assert says in found[1]


@given(st.binary(max_size=40), st.text(max_size=6) | st.integers(-3, 50).map(str))
def test_a_body_is_split_where_its_header_says_or_refused(body, length):
    try:
        head, tail = split(body, length)
    except InvalidBody:
        return
    assert head + bytes(tail) == body
    assert len(head) == int(length)


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4),
    st.sampled_from(["tenure", "contract", "INT64", "FP16", "BYTES", "One year", 2**63, -1, 0, 2]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "datatype", "shape", "data", "parameters", "binary_data_size"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["id", "inputs", "outputs", "parameters"]), values) | values)
@settings(max_examples=300, deadline=None)
def test_whatever_json_is_sent_is_read_or_refused(sent):
    assert_read_or_refused(sent)


def paths(value, here=()):
    """Return the places of all values in a JSON document."""
    yield here
    if isinstance(value, dict):
        children = value.items()
    else:
        children = enumerate(value) if isinstance(value, list) else ()
    for step, child in children:
        yield from paths(child, (*here, step))


def good() -> dict:
    """Return a request in which every member is there."""
    wanted = [{"name": "churn", "parameters": {"binary_data": True}}]
    sent = [*inputs(), {**tensor("since", "FP64", []), "shape": [2, 1], "data": [[0], [1.5]]}]
    parameters = {"binary_data_output": False}
    return {"id": "1", "inputs": sent, "outputs": wanted, "parameters": parameters}


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_one_value_that_is_something_else_is_read_or_refused(data):
    body = good()
    *way, last = data.draw(st.sampled_from([path for path in paths(body) if path]))
    home = body
    for step in way:
        home = home[step]
    home[last] = data.draw(values)

    assert_read_or_refused(body)


@given(
    st.sampled_from(["BOOL", "UINT8", "INT16", "FP16", "FP64", "BYTES"]),
    st.lists(st.integers(0, 4), min_size=1, max_size=3),
    st.integers(0, 40),
    st.binary(max_size=40),
)
@settings(max_examples=500, deadline=None)
def test_whatever_bytes_are_sent_are_read_or_refused(datatype, shape, size, tail):
    one = {"name": "tenure", "datatype": datatype, "shape": shape}
    one["parameters"] = {"binary_data_size": size}

    assert_read_or_refused({"inputs": [one, *inputs()[2:]]}, tail)


def assert_read_or_refused(body, tail=b""):
    try:
        read(body, tail)
    except (InvalidInput, InvalidBody, TooLarge) as error:
        assert error.faults
        for one in error.faults:
            assert one.message
            assert one.where.partition("/")[0] == ""


@given(
    st.sampled_from(["<i1", "<u2", "<i4", "<i8", "<f2", "<f4", "<f8"]),
    st.lists(st.integers(0, 100), min_size=1, max_size=5),
)
def test_binary_data_means_what_json_data_means(numpy, numbers):
    kind = {"i": "INT", "u": "UINT", "f": "FP"}[numpy[1]] + str(8 * int(numpy[2]))
    contract = tensor("contract", "UINT8", [1] * len(numbers))
    by_json = read({"inputs": [tensor("tenure", kind, numbers), contract]})
    data = np.array(numbers, numpy).tobytes()
    one = {"name": "tenure", "datatype": kind, "shape": [len(numbers)]}
    one["parameters"] = {"binary_data_size": len(data)}

    assert read({"inputs": [one, contract]}, data).to_records() == by_json.to_records()


def test_null_is_missing_in_every_datatype():
    for datatype, data, missing in (
        ("FP32", [None, 1.5], [None, 1.5]),
        ("INT8", [None, 2], [None, 2]),
        ("UINT64", [2, None], [2, None]),
    ):
        sent = [*inputs()[1:3], tensor("monthly_charges", datatype, data)]
        got = [record["monthly_charges"] for record in read({"inputs": sent}).to_records()]
        assert got == missing
    assert math.isnan(read({"inputs": inputs()})["monthly_charges"][1])


def test_what_is_too_much_is_told_before_it_is_read():
    body = {"inputs": [tensor("tenure", "INT64", [1], [10**15])]}

    with pytest.raises(TooLarge):
        read(json.loads(json.dumps(body)))
