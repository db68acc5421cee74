"""What is written is read back, by our reader and by ONNX's own checker."""

import numpy as np
import onnx
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.application.models.protobuf import fields, integer, parts
from minerva.layers.application.models.protobuf_writing import (
    floats,
    integers,
    message,
    number,
    texts,
)
from minerva.layers.application.models.tree_graph import Trees, tree_graph

WHOLE = st.integers(0, 2**63 - 1)


@given(st.integers(1, 1000), WHOLE)
def test_a_number_comes_back(field, value):
    assert integer(memoryview(number(field, value)), field) == value


@given(st.lists(st.binary(max_size=300)))
def test_texts_come_back(values):
    assert [bytes(one) for one in parts(memoryview(texts(9, values)), 9)] == values


@given(st.lists(WHOLE))
def test_whole_numbers_stand_together_as_onnx_reads_them(values):
    read = onnx.AttributeProto.FromString(integers(8, np.array(values, dtype=np.int64)))

    assert list(read.ints) == values


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_numbers_stand_together_as_onnx_reads_them(values):
    read = onnx.AttributeProto.FromString(floats(7, np.array(values, dtype=np.float32)))

    assert list(read.floats) == values


def test_a_message_holds_its_parts():
    ((field, value),) = fields(memoryview(message(3, number(1, 2), message(2, b"text"))))

    assert (field, bytes(value)) == (3, number(1, 2) + message(2, b"text"))


def test_a_graph_of_trees_is_valid_onnx():
    def one(*values):
        return np.array(values, dtype=np.int64)

    nodes = one(0, 1, 2)
    trees = Trees(
        tree=one(0, 0, 0),
        node=nodes,
        feature=one(1, 0, 0),
        value=np.array([0.5, -1, 1], dtype=np.float32),
        leaf=nodes > 0,
        equal=nodes > 9,
        yes=one(1, -1, -1),
        no=one(2, -1, -1),
        missing_yes=nodes == 0,
        target=one(0, 0, 0),
    )

    model = onnx.load_from_string(tree_graph(trees, np.zeros(1), 2, "Sigmoid", {"a": "b"}))

    onnx.checker.check_model(model, full_check=True)
    assert {one.key: one.value for one in model.metadata_props} == {"a": "b"}
