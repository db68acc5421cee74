"""ONNX files as converters write them, from parameters that scikit-learn learnt."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LinearRegression, LogisticRegression

from .tables import LABELS, NUMBERS, SCORE, THREE

FLOAT, INT, TEXT, DOUBLE = (
    TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING, TensorProto.DOUBLE,
)  # fmt: skip
YES = LogisticRegression().fit(NUMBERS, LABELS)
ABCS = LogisticRegression().fit(NUMBERS, THREE)
LINE = LinearRegression().fit(NUMBERS, SCORE)


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, list(shape))


def model(nodes, inputs, outputs, initializers=(), domains=()):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, list(initializers))
    opsets = [("", 21), ("ai.onnx.ml", 3), *((domain, 1) for domain in domains)]
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid(*one) for one in opsets])
    made.ir_version = 10
    return made


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def classifier(estimator, *, zipmap, table="X", labels=None):
    """A linear classifier with label and probabilities, as sklearn-onnx converts one."""
    weights = (
        estimator.coef_
        if len(estimator.coef_) > 1
        else np.vstack([-estimator.coef_, estimator.coef_])
    )
    bias = estimator.intercept_
    bias = bias if len(bias) > 1 else np.array([-bias[0], bias[0]])
    labels = list(estimator.classes_) if labels is None else labels
    texts = isinstance(labels[0], str)
    kind = "classlabels_strings" if texts else "classlabels_ints"
    nodes = [
        helper.make_node(
            "LinearClassifier", [table], ["label", "scores"], domain="ai.onnx.ml",
            coefficients=weights.ravel().astype(np.float32).tolist(),
            intercepts=bias.astype(np.float32).tolist(), multi_class=0,
            post_transform="SOFTMAX" if len(estimator.coef_) > 1 else "LOGISTIC", **{kind: labels},
        ),
    ]  # fmt: skip
    label = value("label", TEXT if texts else INT, None)
    if not zipmap:
        return nodes, [label, value("scores", FLOAT, None, len(labels))]
    kind = "classlabels_strings" if texts else "classlabels_int64s"
    nodes.append(
        helper.make_node("ZipMap", ["scores"], ["maps"], domain="ai.onnx.ml", **{kind: labels})
    )
    maps = helper.make_value_info(
        "maps",
        helper.make_sequence_type_proto(
            helper.make_map_type_proto(
                TEXT if texts else INT, helper.make_tensor_type_proto(FLOAT, [])
            )
        ),
    )
    return nodes, [label, maps]


def table_classifier(estimator=YES, *, zipmap=True, labels=None):
    nodes, outputs = classifier(estimator, zipmap=zipmap, labels=labels)
    return model(nodes, [value("X", FLOAT, None, 2)], outputs)


def line(*, batch=None, kind=FLOAT, width=1):
    """A matrix product: one number, as a table of one column or without columns."""
    dtype = np.float64 if kind == DOUBLE else np.float32
    nodes = [
        helper.make_node("MatMul", ["X", "W"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["y"]),
    ]
    weights = np.repeat(LINE.coef_.reshape(2, 1), width, axis=1).astype(dtype)
    return model(
        nodes, [value("X", kind, batch, 2)], [value("y", kind, batch, width)],
        [constant("W", weights), constant("b", np.full(width, LINE.intercept_, dtype))],
    )  # fmt: skip


def by_field():
    """One tensor for each field, texts and whole numbers among them, as sklearn-onnx takes a DataFrame."""
    nodes = [
        helper.make_node("OneHotEncoder", ["colour"], ["hot"], domain="ai.onnx.ml",
                         cats_strings=["red", "green", "blue"], zeros=0),
        helper.make_node("Reshape", ["hot", "flat"], ["colours"]),
        helper.make_node("Cast", ["count"], ["counts"], to=FLOAT),
        helper.make_node("Concat", ["size", "colours", "counts"], ["joined"], axis=1),
        helper.make_node("MatMul", ["joined", "W"], ["y"]),
    ]  # fmt: skip
    inputs = [
        value("size", FLOAT, None, 1), value("colour", TEXT, None, 1), value("count", INT, None, 1),
    ]  # fmt: skip
    weights = constant("W", np.array([[1.0], [10], [20], [30], [100]], np.float32))
    return model(nodes, inputs, [value("y", FLOAT, None, 1)],
                 [weights, constant("flat", np.array([-1, 3], np.int64))])  # fmt: skip


def custom():
    """An operator of somebody's own, inside a branch, where a first look does not see it."""
    inside = helper.make_graph(
        [helper.make_node("Mangle", ["X"], ["inner"], domain="com.acme")], "then", [],
        [value("inner", FLOAT, None, 2)],
    )  # fmt: skip
    other = helper.make_graph(
        [helper.make_node("Identity", ["X"], ["outer"])],
        "else",
        [],
        [value("outer", FLOAT, None, 2)],
    )
    nodes = [helper.make_node("If", ["yes"], ["y"], then_branch=inside, else_branch=other)]
    return model(nodes, [value("X", FLOAT, None, 2)], [value("y", FLOAT, None, 2)],
                 [constant("yes", np.array(False))], ["com.acme"])  # fmt: skip
