"""Boosted trees as a graph of ONNX: the operator TreeEnsembleRegressor, and what makes chances of margins.

Field numbers are those of `onnx.proto`, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, the
operator is https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from minerva.layers.application.models.protobuf_writing import (
    floats,
    integers,
    message,
    number,
    texts,
)

INPUT, OUTPUT = "records", "answers"
IR_VERSION, OPSET, ML_OPSET = 8, 17, 3
"""Of 2022: every ONNX Runtime of the last years reads them."""
FLOAT = 1
ATTRIBUTE_INT, ATTRIBUTE_FLOATS, ATTRIBUTE_INTS, ATTRIBUTE_STRINGS = 2, 6, 7, 8
LEAF, LESS, EQUAL = b"LEAF", b"BRANCH_LT", b"BRANCH_EQ"
Link = Literal["Identity", "Sigmoid", "Softmax", "Exp"]
"""The operator that makes an answer of the sum of the leaves."""


@dataclass(frozen=True, eq=False)
class Trees:
    """All nodes of all trees; those of a tree stand together, its root first. Arrays of one length."""

    tree: NDArray[np.int64]
    node: NDArray[np.int64]
    """Counts from 0 within the tree."""
    feature: NDArray[np.int64]
    value: NDArray[np.float32]
    """A leaf's weight, a threshold or a category's index."""
    leaf: NDArray[np.bool_]
    equal: NDArray[np.bool_]
    """Whether it asks for a category, and not for a value below the threshold."""
    yes: NDArray[np.int64]
    no: NDArray[np.int64]
    missing_yes: NDArray[np.bool_]
    target: NDArray[np.int64]
    """Which of the answers the tree adds to."""


def tree_graph(
    trees: Trees,
    base: NDArray[np.float32],
    features: int,
    link: Link,
    facts: Mapping[str, str],
) -> bytes:
    """Return the model: shape (n, features) float32 → (n, len(base)) float32.

    `base` is where each sum begins; `facts` are kept as the model's metadata.
    """
    ensemble = message(
        1,
        message(1, INPUT.encode()),
        message(2, b"sums"),
        message(4, b"TreeEnsembleRegressor"),
        *_attributes(trees, base),
        message(7, b"ai.onnx.ml"),
    )
    linking = message(
        1, message(1, b"sums"), message(2, OUTPUT.encode()), message(4, link.encode())
    )
    graph = message(
        7,
        ensemble,
        linking,
        message(2, b"trees"),
        message(11, *_table(INPUT, features)),
        message(12, *_table(OUTPUT, len(base))),
    )
    return b"".join(
        (
            number(1, IR_VERSION),
            message(2, b"minerva"),
            graph,
            message(8, message(1, b""), number(2, OPSET)),
            message(8, message(1, b"ai.onnx.ml"), number(2, ML_OPSET)),
            *(
                message(14, message(1, name.encode()), message(2, fact.encode()))
                for name, fact in facts.items()
            ),
        )
    )


def _attributes(trees: Trees, base: NDArray[np.float32]) -> list[bytes]:
    inner, leaf = ~trees.leaf, trees.leaf
    modes = np.where(leaf, 0, np.where(trees.equal, 2, 1)).tolist()
    return [
        _ints("nodes_treeids", trees.tree),
        _ints("nodes_nodeids", trees.node),
        _ints("nodes_featureids", trees.feature * inner),
        _floats("nodes_values", np.where(inner, trees.value, np.float32(0))),
        _attribute(
            "nodes_modes",
            texts(9, [(LEAF, LESS, EQUAL)[mode] for mode in modes]),
            ATTRIBUTE_STRINGS,
        ),
        _ints("nodes_truenodeids", trees.yes * inner),
        _ints("nodes_falsenodeids", trees.no * inner),
        _ints("nodes_missing_value_tracks_true", (trees.missing_yes & inner).astype(np.int64)),
        _ints("target_treeids", trees.tree[leaf]),
        _ints("target_nodeids", trees.node[leaf]),
        _ints("target_ids", trees.target[leaf]),
        _floats("target_weights", trees.value[leaf]),
        _floats("base_values", base),
        _attribute("n_targets", number(3, len(base)), ATTRIBUTE_INT),
    ]


def _table(name: str, width: int) -> tuple[bytes, bytes]:
    """Return name and type of a table whose number of rows may vary."""
    shape = message(2, message(1, message(2, b"n")), message(1, number(1, width)))
    return message(1, name.encode()), message(2, message(1, number(1, FLOAT), shape))


def _attribute(name: str, value: bytes, kind: int) -> bytes:
    return message(5, message(1, name.encode()), value, number(20, kind))


def _ints(name: str, values: NDArray[np.int64]) -> bytes:
    return _attribute(name, integers(8, values), ATTRIBUTE_INTS)


def _floats(name: str, values: NDArray[np.float32]) -> bytes:
    return _attribute(name, floats(7, values), ATTRIBUTE_FLOATS)
